import { PrismaPg } from '@prisma/adapter-pg'
import type { Pool } from 'pg'
import { describeOnEachPool, type ClientRig } from '../../clients/pools'
import { describeTransactions } from '../../clients/transactions'

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>
type Query = Parameters<Adapter['queryRaw']>[0]
type Queryable = Pick<Adapter, 'queryRaw'>

describeOnEachPool('@prisma/adapter-pg', (rig) => {
  beforeAll(() =>
    rig.database.query('CREATE TABLE note (id serial PRIMARY KEY, title text NOT NULL, rank int DEFAULT 0)'),
  )
  beforeEach(() => rig.database.query('TRUNCATE note RESTART IDENTITY'))

  describeTransactions(rig, async (pool) => {
    const adapter = await openOn(rig, pool)
    return {
      run: (sql) => rowsOf(adapter, sql),
      // The engine sends COMMIT and ROLLBACK itself and then tells the adapter.
      transaction: async (work) => {
        const tx = await adapter.startTransaction()
        try {
          const result = await work((sql) => rowsOf(tx, sql))
          await tx.executeRaw(statement('COMMIT'))
          await tx.commit()
          return result
        } catch (error) {
          await tx.executeRaw(statement('ROLLBACK'))
          await tx.rollback()
          throw error
        }
      },
    }
  })

  test('the pool is used as it is, not taken for options of a new one', async () => {
    const pool = rig.pool()
    const adapter = await openOn(rig, pool)
    expect(adapter.underlyingDriver()).toBe(pool)
  })

  test('reads answer in arrays with the types of their columns, writes with a count', async () => {
    const adapter = await openOn(rig, rig.pool())
    const count = await adapter.executeRaw(
      statement('INSERT INTO note (title, rank) VALUES ($1, $2), ($3, $2)', ['one', 1, 'two']),
    )
    expect(count).toBe(2)
    const found = await adapter.queryRaw(statement('SELECT id, title FROM note ORDER BY id'))
    expect(found.columnNames).toEqual(['id', 'title'])
    expect(found.rows).toEqual([
      [1, 'one'],
      [2, 'two'],
    ])
  })

  test('an error of the server arrives with its code', async () => {
    const adapter = await openOn(rig, rig.pool({ max: 1 }))
    await adapter.executeRaw(statement("INSERT INTO note (id, title) VALUES (1, 'one')"))
    const again = adapter.executeRaw(statement("INSERT INTO note (id, title) VALUES (1, 'one')"))
    await expect(again).rejects.toMatchObject({
      cause: { kind: 'UniqueConstraintViolation', originalCode: '23505' },
    })
    expect(await rowsOf(adapter, 'SELECT count(*)::int AS count FROM note')).toEqual([{ count: 1 }])
  })

  test('a transaction has the isolation level it was started with, and savepoints', async () => {
    const adapter = await openOn(rig, rig.pool({ max: 1 }))
    const tx = await adapter.startTransaction('SERIALIZABLE')
    expect(await rowsOf(tx, 'SHOW transaction_isolation')).toEqual([
      { transaction_isolation: 'serializable' },
    ])
    await tx.executeRaw(statement("INSERT INTO note (title) VALUES ('kept')"))
    await tx.createSavepoint?.('before_second')
    await tx.executeRaw(statement("INSERT INTO note (title) VALUES ('undone')"))
    await tx.rollbackToSavepoint?.('before_second')
    await tx.executeRaw(statement('COMMIT'))
    await tx.commit()
    expect(await rowsOf(adapter, 'SELECT title FROM note')).toEqual([{ title: 'kept' }])
  })

  test('a script runs statement by statement', async () => {
    const adapter = await openOn(rig, rig.pool())
    await adapter.executeScript(
      "INSERT INTO note (title) VALUES ('one'); INSERT INTO note (title) VALUES ('two');",
    )
    expect(await rowsOf(adapter, 'SELECT count(*)::int AS count FROM note')).toEqual([{ count: 2 }])
  })

  test('dispose leaves the pool of others open and takes the listener off it', async () => {
    const pool = rig.pool()
    const before = pool.listenerCount('error')
    const adapter = await new PrismaPg(pool).connect()
    expect(pool.listenerCount('error')).toBe(before + 1)
    await adapter.dispose()
    expect(pool.listenerCount('error')).toBe(before)
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('dispose ends the pool when it was told to own it', async () => {
    const pool = rig.pool()
    const adapter = await new PrismaPg(pool, { disposeExternalPool: true }).connect()
    await adapter.queryRaw(statement('SELECT 1'))
    await adapter.dispose()
    expect(pool.ended).toBe(true)
  })

  test('transactions leave no listener behind on the client they used', async () => {
    const pool = rig.pool({ max: 1 })
    const adapter = await openOn(rig, pool)
    const listeners: number[] = []
    for (let round = 0; round < 3; round++) {
      const tx = await adapter.startTransaction()
      await tx.executeRaw(statement('ROLLBACK'))
      await tx.rollback()
      const client = await pool.connect()
      listeners.push(client.listenerCount('error'))
      client.release()
    }
    expect(new Set(listeners).size).toBe(1)
  })
})

async function openOn(rig: ClientRig, pool: Pool): Promise<Adapter> {
  const adapter = await new PrismaPg(pool).connect()
  rig.beforeEnd(() => adapter.dispose())
  return adapter
}

function statement(sql: string, args: readonly (string | number)[] = []): Query {
  const argTypes = args.map((value) => ({
    scalarType: typeof value === 'number' ? 'int' : 'string',
    arity: 'scalar',
  }))
  return { sql, args: [...args], argTypes } as Query
}

async function rowsOf(queryable: Queryable, sql: string): Promise<Record<string, unknown>[]> {
  const { columnNames, rows } = await queryable.queryRaw(statement(sql))
  return rows.map((row) => Object.fromEntries(columnNames.map((name, index) => [name, row[index]])))
}
