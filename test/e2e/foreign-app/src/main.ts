import { createSchema, deposit, openStatement, transfer } from './accounts'
import { closeDatabase, ledgerDb } from './database'

async function main(): Promise<void> {
  await createSchema()
  await deposit('ada', 100)
  await deposit('bob', 0)
  const isMoved = await transfer('ada', 'bob', 30)
  const isRefused = !(await transfer('bob', 'ada', 1000))
  const statement = await openStatement()
  const rows = await statement.query<{ name: string; balance: number }>('SELECT * FROM account ORDER BY name')
  ledgerDb.giveBack(statement)
  console.log(JSON.stringify({ isMoved, isRefused, accounts: rows.rows }))
}

main()
  .finally(closeDatabase)
  .catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
  })
