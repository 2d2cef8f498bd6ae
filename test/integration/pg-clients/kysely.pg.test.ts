import { Kysely, PostgresDialect, sql, type Generated } from 'kysely'
import type { Pool } from 'pg'
import Cursor from 'pg-cursor'
import { describeOnEachPool } from '../../clients/pools'
import { describeTransactions } from '../../clients/transactions'

interface Tables {
  readonly note: { readonly id: Generated<number>; readonly title: string; readonly rank: Generated<number> }
}

describeOnEachPool('kysely', (rig) => {
  const openOn = (pool: Pool): Kysely<Tables> =>
    new Kysely({ dialect: new PostgresDialect({ pool, cursor: Cursor }) })

  beforeAll(() =>
    rig.database.query('CREATE TABLE note (id serial PRIMARY KEY, title text NOT NULL, rank int DEFAULT 0)'),
  )
  beforeEach(() => rig.database.query('TRUNCATE note RESTART IDENTITY'))

  describeTransactions(rig, (pool) => {
    const db = openOn(pool)
    return {
      run: async (statement) => (await sql.raw<Record<string, unknown>>(statement).execute(db)).rows,
      transaction: (work) =>
        db
          .transaction()
          .execute((tx) =>
            work(async (statement) => (await sql.raw<Record<string, unknown>>(statement).execute(tx)).rows),
          ),
      close: () => db.destroy(),
    }
  })

  test('rows are written, read, changed and deleted with the counts of the server', async () => {
    const db = openOn(rig.pool())
    const written = await db
      .insertInto('note')
      .values([{ title: 'one' }, { title: 'two', rank: 2 }])
      .returningAll()
      .execute()
    expect(written.map((row) => row.id)).toEqual([1, 2])
    const changed = await db
      .updateTable('note')
      .set({ rank: 5 })
      .where('title', '=', 'one')
      .executeTakeFirst()
    expect(changed.numUpdatedRows).toBe(1n)
    const deleted = await db.deleteFrom('note').where('title', '=', 'two').executeTakeFirst()
    expect(deleted.numDeletedRows).toBe(1n)
    expect(await db.selectFrom('note').selectAll().execute()).toEqual([{ id: 1, title: 'one', rank: 5 }])
  })

  test('a stream reads through a cursor in parts and gives its client back at the end', async () => {
    const pool = rig.pool({ max: 1 })
    const db = openOn(pool)
    await insertMany(db, 1000)
    let sum = 0
    for await (const row of db.selectFrom('note').select('rank').stream(100)) sum += row.rank
    expect(sum).toBe(500_500)
    expect(pool.idleCount).toBe(1)
  })

  test('a stream that is left early closes its cursor, and its client serves the next query', async () => {
    const pool = rig.pool({ max: 1 })
    const db = openOn(pool)
    await insertMany(db, 1000)
    const seen: number[] = []
    for await (const row of db.selectFrom('note').select('rank').orderBy('rank').stream(10)) {
      seen.push(row.rank)
      if (seen.length === 15) break
    }
    expect(seen.at(-1)).toBe(15)
    expect((await db.selectFrom('note').selectAll().execute()).length).toBe(1000)
    expect(pool.totalCount).toBe(1)
  })

  test('a stream whose statement fails rejects, and its client serves the next query', async () => {
    const pool = rig.pool({ max: 1 })
    const db = openOn(pool)
    await insertMany(db, 10)
    const read = async (): Promise<void> => {
      const failing = db
        .selectFrom('note')
        .select(sql<number>`1 / (rank - 5)`.as('quotient'))
        .orderBy('rank')
      for await (const row of failing.stream(2)) expect(row.quotient).toBeDefined()
    }
    await expect(read()).rejects.toThrow('division by zero')
    expect((await db.selectFrom('note').selectAll().execute()).length).toBe(10)
  })

  test('a single connection is kept for a whole callback', async () => {
    const pool = rig.pool()
    const backends = await openOn(pool)
      .connection()
      .execute(async (db) => {
        await sql`SET application_name = 'kept'`.execute(db)
        const first = await sql<{ name: string; pid: number }>`
          SELECT current_setting('application_name') AS name, pg_backend_pid() AS pid`.execute(db)
        const second = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(db)
        return [first.rows[0], second.rows[0]]
      })
    expect(backends[0]).toMatchObject({ name: 'kept', pid: backends[1]?.pid })
  })

  test('a controlled transaction goes back to a savepoint and commits the rest', async () => {
    const db = openOn(rig.pool({ max: 1 }))
    const tx = await db.startTransaction().execute()
    await tx.insertInto('note').values({ title: 'kept' }).execute()
    const atSavepoint = await tx.savepoint('before_second').execute()
    await atSavepoint.insertInto('note').values({ title: 'undone' }).execute()
    await atSavepoint.rollbackToSavepoint('before_second').execute()
    await tx.commit().execute()
    expect(await db.selectFrom('note').select('title').execute()).toEqual([{ title: 'kept' }])
  })

  test('what onCreateConnection prepares runs once for each client it is shown', async () => {
    const pool = rig.pool({ max: 2 })
    let created = 0
    const db = new Kysely<Tables>({
      dialect: new PostgresDialect({
        pool,
        onCreateConnection: async (connection) => {
          created++
          await connection.executeQuery(sql`SET statement_timeout = '7s'`.compile(openOn(pool)))
        },
      }),
    })
    for (let round = 0; round < 3; round++) {
      const { rows } = await sql`SHOW statement_timeout`.execute(db)
      expect(rows).toEqual([{ statement_timeout: '7s' }])
    }
    // Where a handle dies with its lease, each lease is a new client to kysely.
    expect(created).toBe(rig.keepsClients ? 1 : 3)
  })
})

async function insertMany(db: Kysely<Tables>, count: number): Promise<void> {
  await sql`INSERT INTO note (title, rank) SELECT 'note ' || n, n FROM generate_series(1, ${count}::int) AS n`.execute(
    db,
  )
}
