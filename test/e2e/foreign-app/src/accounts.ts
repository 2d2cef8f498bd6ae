import type { PoolClient } from 'pg'
import { ledgerDb } from './database'

export async function createSchema(): Promise<void> {
  const db = await ledgerDb.borrow()
  try {
    await db.query('CREATE TABLE IF NOT EXISTS account (name text PRIMARY KEY, balance int NOT NULL)')
  } finally {
    ledgerDb.giveBack(db)
  }
}

export async function deposit(name: string, amount: number): Promise<number> {
  const db = await ledgerDb.borrow()
  try {
    const result = await db.query<{ balance: number }>(
      `INSERT INTO account VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET balance = account.balance + $2 RETURNING balance`,
      [name, amount],
    )
    return result.rows[0]?.balance ?? 0
  } finally {
    ledgerDb.giveBack(db)
  }
}

/** Moves money; both accounts change, or none. */
export async function transfer(from: string, to: string, amount: number): Promise<boolean> {
  const db = await ledgerDb.borrow()
  try {
    await db.query('BEGIN')
    await take(db, from, amount)
    await db.query('UPDATE account SET balance = balance + $2 WHERE name = $1', [to, amount])
    await db.query('COMMIT')
    return true
  } catch (error) {
    await db.query('ROLLBACK')
    if (error instanceof Error && error.message === 'not enough money') return false
    throw error
  } finally {
    ledgerDb.giveBack(db)
  }
}

async function take(db: PoolClient, name: string, amount: number): Promise<void> {
  const result = await db.query(
    'UPDATE account SET balance = balance - $2 WHERE name = $1 AND balance >= $2',
    [name, amount],
  )
  if (result.rowCount !== 1) throw new Error('not enough money')
}

/** The caller gives the connection back: nobody but a person can say where. */
export async function openStatement(): Promise<PoolClient> {
  const db = await ledgerDb.borrow()
  await db.query("SET application_name = 'statement'")
  return db
}
