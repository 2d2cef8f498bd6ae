import { randomBytes } from 'node:crypto'
import { Client, type QueryResultRow } from 'pg'

export interface ConnectionConfig {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/** A database that belongs to one test file. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string
  readonly connection: ConnectionConfig
  readonly url: string
  /** Runs one statement in it, outside of whatever is under test. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly QueryResultRow[]>
  /** Sessions of this database right now, the caller's own look not counted. */
  connectionCount(): Promise<number>
  /** Drops it, with every session that is still in it. */
  close(): Promise<void>
}

/** Makes a fresh database on the server of this run; `close()` it in `afterAll`. */
export async function testDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await runStatement('postgres', `CREATE DATABASE ${name} TEMPLATE template0`)
  const connection = { ...sharedServer(), database: name }
  const close = async (): Promise<void> => {
    await runStatement('postgres', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }
  return {
    name,
    connection,
    url: `postgresql://${connection.user}@${connection.host}:${connection.port}/${name}`,
    query: (sql, values) => runStatement(name, sql, values),
    connectionCount: () => serverConnectionCount(name),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** How many client sessions `database` has, as the server counts them. */
export async function serverConnectionCount(database: string): Promise<number> {
  const [row] = await runStatement(
    'postgres',
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
    [database],
  )
  return Number(row?.['count'])
}

function sharedServer(): Omit<ConnectionConfig, 'database'> {
  const { PGFERRY_TEST_PGHOST: host, PGFERRY_TEST_PGPORT: port, PGFERRY_TEST_PGUSER: user } = process.env
  if (host === undefined || port === undefined || user === undefined) {
    throw new Error('the PostgreSQL of this run was not started: test/support/global-setup.ts must run first')
  }
  return { host, port: Number(port), user }
}

async function runStatement(
  database: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly QueryResultRow[]> {
  const client = new Client({ ...sharedServer(), database })
  await client.connect()
  try {
    return (await client.query<QueryResultRow>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}
