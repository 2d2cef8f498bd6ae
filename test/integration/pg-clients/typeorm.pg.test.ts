import * as pg from 'pg'
import { DataSource, EntitySchema, EntitySchemaOptions } from 'typeorm'
import { describeOnEachPool, type ClientRig } from '../../clients/pools'
import { describeTransactions } from '../../clients/transactions'
import { waitFor } from '../../support/wait-for'

interface Note {
  readonly id: number
  title: string
  rank: number
}

const columns: EntitySchemaOptions<Note>['columns'] = {
  id: { type: Number, primary: true, generated: true },
  title: { type: String },
  rank: { type: Number, default: 0 },
}
const noteEntity = new EntitySchema<Note>(
  Object.assign(new EntitySchemaOptions<Note>(), { name: 'note', columns }),
)

describeOnEachPool('typeorm', (rig) => {
  beforeAll(() =>
    rig.database.query('CREATE TABLE note (id serial PRIMARY KEY, title text NOT NULL, rank int DEFAULT 0)'),
  )
  beforeEach(() => rig.database.query('TRUNCATE note RESTART IDENTITY'))

  describeTransactions(rig, async (pool) => {
    const source = await openSource(rig, () => pool)
    return {
      run: async (statement) => resultRows(await source.query(statement)),
      transaction: (work) =>
        source.transaction((manager) =>
          work(async (statement) => resultRows(await manager.query(statement))),
        ),
    }
  })

  test('the data source makes its pool from the driver it is given, with the options of its own', async () => {
    const made: pg.PoolConfig[] = []
    const source = await openSource(rig, (options) => {
      made.push(options)
      return rig.pool(options)
    })
    expect(made).toEqual([expect.objectContaining({ database: rig.database.name, max: 3 })])
    expect(await source.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('entities are saved, found, changed and removed', async () => {
    const source = await openSource(rig)
    const notes = source.getRepository(noteEntity)
    const saved = await notes.save([{ title: 'one' }, { title: 'two', rank: 2 }])
    expect(saved.map((note) => note.id)).toEqual([1, 2])
    const one = await notes.findOneByOrFail({ title: 'one' })
    one.rank = 5
    await notes.save(one)
    await notes.delete({ title: 'two' })
    expect(await notes.find()).toEqual([{ id: 1, title: 'one', rank: 5 }])
  })

  test('a query runner keeps one connection over a transaction and gives it back', async () => {
    const source = await openSource(rig)
    const runner = source.createQueryRunner()
    try {
      await runner.connect()
      const backends = [await backendOf(runner)]
      await runner.startTransaction('REPEATABLE READ')
      await runner.manager.save(noteEntity, { title: 'undone' })
      backends.push(await backendOf(runner))
      expect(await source.getRepository(noteEntity).count()).toBe(0)
      await runner.rollbackTransaction()
      await runner.startTransaction()
      await runner.manager.save(noteEntity, { title: 'kept' })
      await runner.commitTransaction()
      backends.push(await backendOf(runner))
      expect(new Set(backends).size).toBe(1)
    } finally {
      await runner.release()
    }
    expect((await source.getRepository(noteEntity).find()).map((note) => note.title)).toEqual(['kept'])
  })

  test('a nested transaction is a savepoint of the outer one', async () => {
    const source = await openSource(rig)
    await source.transaction(async (manager) => {
      await manager.save(noteEntity, { title: 'outer' })
      const inner = manager.transaction(async (nested) => {
        await nested.save(noteEntity, { title: 'inner' })
        throw new Error('undone')
      })
      await expect(inner).rejects.toThrow('undone')
    })
    expect((await source.getRepository(noteEntity).find()).map((note) => note.title)).toEqual(['outer'])
  })

  test('a stream of the query builder reads every row', async () => {
    const source = await openSource(rig)
    await source.query("INSERT INTO note (title, rank) SELECT 'note', n FROM generate_series(1, 1000) AS n")
    const stream = await source.getRepository(noteEntity).createQueryBuilder('note').stream()
    let count = 0
    for await (const _row of stream) count++
    expect(count).toBe(1000)
  })

  test('a connection that dies in the hands of a query runner costs only its own work', async () => {
    const pool = rig.pool()
    const source = await openSource(rig, () => pool)
    const runner = source.createQueryRunner()
    await runner.connect()
    await expect(runner.query('SELECT pg_terminate_backend(pg_backend_pid())')).rejects.toThrow()
    await runner.release()
    await waitFor(() => pool.totalCount === 0)
    rig.allowPoolErrors()
    expect(await source.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })
})

/** A data source whose driver is `pg` with another `Pool` in it; it is destroyed, and its pool with it, after the test. */
async function openSource(
  rig: ClientRig,
  makePool: (options: pg.PoolConfig) => pg.Pool = (options) => rig.pool(options),
): Promise<DataSource> {
  // A constructor that returns an object: `new Pool(options)` gives the pool of the rig.
  const Pool = function (options: pg.PoolConfig): pg.Pool {
    return makePool(options)
  }
  const { host, port, user: username, database } = rig.database.connection
  const source = new DataSource({
    type: 'postgres',
    driver: { ...pg, Pool },
    host,
    port,
    username,
    database,
    poolSize: 3,
    entities: [noteEntity],
  })
  rig.beforeEnd(() => source.destroy())
  return source.initialize()
}

async function backendOf(runner: { query(sql: string): Promise<unknown> }): Promise<unknown> {
  const [row] = resultRows(await runner.query('SELECT pg_backend_pid() AS pid'))
  return row?.['pid']
}

/** typeorm answers with rows, or with rows and their count for what changes some. */
function resultRows(result: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(result) ? (result as Record<string, unknown>[]) : []
}
