import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as NodePgMigrate from 'node-pg-migrate' with { 'resolution-mode': 'import' }
import type { Pool, PoolClient } from 'pg'
import { importModule } from '../../clients/import-module'
import { describeOnEachPool } from '../../clients/pools'

type Runner = typeof NodePgMigrate.runner
type RunnerOptions = Parameters<Runner>[0]

describeOnEachPool('node-pg-migrate', (rig) => {
  let runner: Runner
  let dir: string

  beforeAll(async () => {
    runner = (await importModule<typeof NodePgMigrate>('node-pg-migrate')).runner
  })
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'pgferry-migrate-'))
    await write('0001_create', 'CREATE TABLE made (id int);', 'DROP TABLE made;')
    await write(
      '0002_extend',
      'ALTER TABLE made ADD COLUMN title text;',
      'ALTER TABLE made DROP COLUMN title;',
    )
  })
  afterEach(async () => {
    await rig.database.query('DROP TABLE IF EXISTS made, pgmigrations')
    await rm(dir, { recursive: true })
  })

  const write = (name: string, up: string, down: string): Promise<void> =>
    writeFile(join(dir, `${name}.sql`), `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`)

  const migrate = async (dbClient: PoolClient, options: Partial<RunnerOptions>): Promise<string[]> => {
    const base = {
      dbClient,
      dir,
      migrationsTable: 'pgmigrations',
      direction: 'up',
      log: () => undefined,
    } as const
    return (await runner({ ...base, ...options })).map((migration) => migration.name)
  }

  test('migrations run up and down over a client of the pool, which is not ended', async () => {
    const pool = rig.pool({ max: 1 })
    expect(await withClient(pool, (client) => migrate(client, {}))).toEqual(['0001_create', '0002_extend'])
    expect(await columnsOf(pool)).toEqual(['id', 'title'])
    const down = await withClient(pool, (client) => migrate(client, { direction: 'down', count: 1 }))
    expect(down).toEqual(['0002_extend'])
    expect(await columnsOf(pool)).toEqual(['id'])
    expect(pool.totalCount).toBe(1)
  })

  test('a migration that fails undoes the whole run and leaves the client usable', async () => {
    await write('0003_fail', 'SELECT 1 / 0;', 'SELECT 1;')
    const pool = rig.pool({ max: 1 })
    await withClient(pool, async (client) => {
      await expect(migrate(client, { singleTransaction: true })).rejects.toThrow('division by zero')
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    })
    expect(await columnsOf(pool)).toEqual([])
  })

  test('a second run at the same time is refused by the lock of the first, which is free afterwards', async () => {
    const pool = rig.pool()
    const locked = withClient(pool, async (holder) => {
      await holder.query('SELECT pg_advisory_lock(7241865325823964)')
      try {
        await withClient(pool, (client) => migrate(client, {}))
      } finally {
        await holder.query('SELECT pg_advisory_unlock(7241865325823964)')
      }
    })
    await expect(locked).rejects.toThrow('Another migration is already running')
    expect(await withClient(pool, (client) => migrate(client, {}))).toHaveLength(2)
  })
})

async function withClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}

async function columnsOf(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'made' ORDER BY ordinal_position",
  )
  return rows.map((row) => row.name)
}
