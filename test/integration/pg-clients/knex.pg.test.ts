import knex, { type Knex } from 'knex'
import type { Pool } from 'pg'
import { describeOnEachPool } from '../../clients/pools'
import { describeTransactions } from '../../clients/transactions'

interface Note {
  readonly id: number
  readonly title: string
  readonly rank: number
}

interface BatchRow {
  readonly id?: number
  readonly title: string | null
}

describeOnEachPool('knex', (rig) => {
  const openOn = (pool: Pool): Knex => {
    const db = knex({ client: 'pg', connectionPool: pool })
    rig.beforeEnd(() => db.destroy())
    return db
  }

  beforeAll(() =>
    rig.database.query('CREATE TABLE note (id serial PRIMARY KEY, title text NOT NULL, rank int DEFAULT 0)'),
  )
  beforeEach(() => rig.database.query('TRUNCATE note RESTART IDENTITY'))

  describeTransactions(rig, (pool) => {
    const db = openOn(pool)
    return {
      run: async (statement) => rowsOf(await db.raw(statement)),
      transaction: (work) =>
        db.transaction((tx) => work(async (statement) => rowsOf(await tx.raw(statement)))),
    }
  })

  test('rows are written, read, changed and deleted through the query builder', async () => {
    const db = openOn(rig.pool())
    const written = await db<Note>('note').insert([{ title: 'one' }, { title: 'two', rank: 2 }], '*')
    expect(written.map((row) => row.id)).toEqual([1, 2])
    expect(await db<Note>('note').where({ title: 'one' }).update({ rank: 5 })).toBe(1)
    expect(await db<Note>('note').where({ title: 'two' }).del()).toBe(1)
    expect(await db<Note>('note').select()).toEqual([{ id: 1, title: 'one', rank: 5 }])
  })

  test('a batch of rows is written in chunks of one transaction', async () => {
    const db = openOn(rig.pool({ max: 1 }))
    const rows = Array.from({ length: 250 }, (_, n): BatchRow => ({ title: `note ${n}` }))
    const ids = await db.batchInsert<BatchRow>('note', rows, 100).returning('id')
    expect(ids).toHaveLength(250)
    const failing = db.batchInsert('note', [...rows, { title: null }], 100)
    await expect(failing).rejects.toThrow('null value in column "title"')
    expect(await db('note').count()).toEqual([{ count: '250' }])
  })

  test('a nested transaction is a savepoint of the outer one', async () => {
    const db = openOn(rig.pool({ max: 1 }))
    await db.transaction(async (tx) => {
      await tx('note').insert({ title: 'outer' })
      const inner = tx.transaction(async (nested) => {
        await nested('note').insert({ title: 'inner' })
        throw new Error('undone')
      })
      await expect(inner).rejects.toThrow('undone')
    })
    expect(await db('note').pluck('title')).toEqual(['outer'])
  })

  test('a transaction that is kept in a variable holds its connection until it is completed', async () => {
    const pool = rig.pool({ max: 2 })
    const db = openOn(pool)
    const tx = await db.transaction()
    await tx('note').insert({ title: 'held' })
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 0])
    expect(await db('note').count()).toEqual([{ count: '0' }])
    await tx.commit()
    expect(tx.isCompleted()).toBe(true)
    expect(await db('note').count()).toEqual([{ count: '1' }])
    expect(pool.idleCount).toBe(2)
  })

  // Outside of a transaction knex gives the client of a stream back twice, which it cannot do on `pg.Pool` either
  // (knex pull request 6515): the second time is an unhandled rejection of its own.
  test('a stream inside a transaction reads every row, and one that is left early frees the connection', async () => {
    const pool = rig.pool({ max: 1 })
    const db = openOn(pool)
    await db.raw("INSERT INTO note (title, rank) SELECT 'note', n FROM generate_series(1, 2000) AS n")
    await db.transaction(async (tx) => {
      let sum = 0
      for await (const row of tx<Note>('note').select('rank').stream({ batchSize: 100 }))
        sum += (row as Note).rank
      expect(sum).toBe(2_001_000)
      let seen = 0
      for await (const _row of tx<Note>('note').select('rank').stream({ batchSize: 10 }))
        if (++seen === 25) break
      expect(await tx('note').count()).toEqual([{ count: '2000' }])
    })
    expect(pool.totalCount).toBe(1)
  })

  test('a connection that knex has marked as broken is thrown away at give-back', async () => {
    const pool = rig.pool({ max: 1 })
    const db = openOn(pool)
    const client = db.client as Knex.Client
    const connection = (await client.acquireConnection()) as { __knex__disposed?: Error }
    connection.__knex__disposed = new Error('broken')
    await client.releaseConnection(connection)
    expect(pool.totalCount).toBe(0)
    expect(await db('note').count()).toEqual([{ count: '0' }])
  })

  test('migrations run up and down under their lock', async () => {
    const db = openOn(rig.pool({ max: 2 }))
    const migrationSource = {
      getMigrations: () => Promise.resolve(['first']),
      getMigrationName: (name: string) => name,
      getMigration: () =>
        Promise.resolve({
          up: (tx: Knex) => tx.schema.createTable('made_by_knex', (table) => table.increments()),
          down: (tx: Knex) => tx.schema.dropTable('made_by_knex'),
        }),
    }
    await db.migrate.latest({ migrationSource })
    expect(await db.schema.hasTable('made_by_knex')).toBe(true)
    await db.migrate.rollback({ migrationSource })
    expect(await db.schema.hasTable('made_by_knex')).toBe(false)
  })
})

function rowsOf(result: { rows?: readonly Record<string, unknown>[] }): readonly Record<string, unknown>[] {
  return result.rows ?? []
}
