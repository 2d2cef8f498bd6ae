import { eq, sql } from 'drizzle-orm'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { integer, pgTable, serial, text } from 'drizzle-orm/pg-core'
import type { QueryResult } from 'pg'
import { describeOnEachPool } from '../../clients/pools'
import { describeTransactions } from '../../clients/transactions'

const notes = pgTable('note', {
  id: serial('id').primaryKey(),
  title: text('title').notNull(),
  rank: integer('rank').notNull().default(0),
})

describeOnEachPool('drizzle-orm', (rig) => {
  beforeAll(() =>
    rig.database.query('CREATE TABLE note (id serial PRIMARY KEY, title text NOT NULL, rank int DEFAULT 0)'),
  )
  beforeEach(() => rig.database.query('TRUNCATE note RESTART IDENTITY'))

  describeTransactions(rig, (pool) => {
    const db = drizzle(pool)
    return {
      run: async (statement) => (await db.execute(sql.raw(statement))).rows,
      transaction: (work) =>
        db.transaction((tx) => work(async (statement) => (await tx.execute(sql.raw(statement))).rows)),
    }
  })

  test('rows are written, read, changed and deleted through the query builder', async () => {
    const db = drizzle(rig.pool())
    const written = await db
      .insert(notes)
      .values([{ title: 'one' }, { title: 'two', rank: 2 }])
      .returning()
    expect(written).toEqual([
      { id: 1, title: 'one', rank: 0 },
      { id: 2, title: 'two', rank: 2 },
    ])
    await db.update(notes).set({ rank: 5 }).where(eq(notes.title, 'one'))
    await db.delete(notes).where(eq(notes.title, 'two'))
    expect(await db.select().from(notes)).toEqual([{ id: 1, title: 'one', rank: 5 }])
  })

  test('a transaction stays on one client from BEGIN to COMMIT while others use the pool', async () => {
    const pool = rig.pool()
    const db = drizzle(pool)
    const backends = await Promise.all(
      Array.from({ length: 3 }, () =>
        db.transaction(async (tx) => {
          const seen = new Set<unknown>()
          for (let round = 0; round < 5; round++) {
            seen.add(await backendOf(tx))
            await db.execute(sql`SELECT 1`)
          }
          return [...seen]
        }),
      ),
    )
    expect(backends.map((seen) => seen.length)).toEqual([1, 1, 1])
    expect(new Set(backends.flat()).size).toBe(3)
  })

  test('a nested transaction is a savepoint: it is undone alone, and the outer one goes on', async () => {
    const db = drizzle(rig.pool({ max: 1 }))
    await db.transaction(async (tx) => {
      await tx.insert(notes).values({ title: 'outer' })
      const inner = tx.transaction(async (nested) => {
        await nested.insert(notes).values({ title: 'inner' })
        nested.rollback()
      })
      await expect(inner).rejects.toThrow('Rollback')
      await tx.transaction((nested) => nested.insert(notes).values({ title: 'second inner' }))
    })
    const rows = await db.select({ title: notes.title }).from(notes).orderBy(notes.id)
    expect(rows.map((row) => row.title)).toEqual(['outer', 'second inner'])
  })

  test('isolation level and access mode of a transaction end with it', async () => {
    const db = drizzle(rig.pool({ max: 1 }))
    const setting = async (runner: Pick<NodePgDatabase, 'execute'>): Promise<unknown> =>
      (await runner.execute(sql`SHOW transaction_isolation`)).rows[0]
    const options = { isolationLevel: 'serializable', accessMode: 'read only' } as const
    const inside = await db.transaction((tx) => setting(tx), options)
    expect(inside).toEqual({ transaction_isolation: 'serializable' })
    expect(await setting(db)).toEqual({ transaction_isolation: 'read committed' })
    await db.insert(notes).values({ title: 'written after the read-only transaction' })
  })

  test('a prepared query is planned once on a connection and answers with each parameter', async () => {
    const pool = rig.pool({ max: 1 })
    const db = drizzle(pool)
    await db.insert(notes).values([{ title: 'one' }, { title: 'two' }])
    const byTitle = db
      .select()
      .from(notes)
      .where(eq(notes.title, sql.placeholder('title')))
      .prepare('note_by_title')
    expect(await byTitle.execute({ title: 'one' })).toMatchObject([{ id: 1 }])
    expect(await byTitle.execute({ title: 'two' })).toMatchObject([{ id: 2 }])
    const prepared = await pool.query<{ name: string }>('SELECT name FROM pg_prepared_statements')
    expect(prepared.rows).toEqual([{ name: 'note_by_title' }])
  })

  test('the pool stays in reach as the client of the database object', () => {
    const pool = rig.pool()
    expect(drizzle(pool).$client).toBe(pool)
  })
})

async function backendOf(runner: Pick<NodePgDatabase, 'execute'>): Promise<unknown> {
  const result: QueryResult = await runner.execute(sql`SELECT pg_backend_pid() AS pid`)
  return result.rows[0]?.['pid']
}
