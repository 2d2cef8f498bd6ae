import type { DbConnection } from '@legacy-app/core'
import { infra, pool, pools } from './database'

/** Waits until the database answers; gives up after `attempts`. */
export async function waitForDatabase(attempts = 3): Promise<number> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const conn = await pools.getconn()
    try {
      const answer = await conn.query<{ one: number }>('SELECT 1 AS one')
      if (answer.rows[0]?.one === 1) return attempt
    } finally {
      pools.putconn(conn)
    }
  }
  throw new Error(`the database did not answer in ${attempts} attempts`)
}

export async function serverVersion(): Promise<number> {
  const client = await pool.connect()
  try {
    const found = await client.query<{ version: number }>(
      `SELECT current_setting('server_version_num')::int AS version`,
    )
    return found.rows[0]!.version
  } finally {
    client.release()
  }
}

/** The plan of a statement, as lines. */
export async function explain(statement: string, values: unknown[]): Promise<string[]> {
  const conn = await infra.getDbConnection()
  try {
    const plan = await conn.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${statement}`, values)
    return plan.rows.map((row) => row['QUERY PLAN'])
  } catch (error) {
    throw new Error(`cannot explain: ${statement}`, { cause: error })
  } finally {
    infra.releaseDbConnection(conn)
  }
}

/** The settings of the session that a test would get; callers give the connection back themselves. */
export async function openSession(): Promise<DbConnection> {
  const conn = await pools.getconn()
  await conn.query(`SET application_name = 'legacy-app/test-session'`)
  return conn
}

/** What a fresh session calls itself. */
export async function sessionName(): Promise<string> {
  const conn = await openSession()
  try {
    const found = await conn.query<{ name: string }>(`SELECT current_setting('application_name') AS name`)
    return found.rows[0]!.name
  } finally {
    await conn.query('RESET application_name')
    pools.putconn(conn)
  }
}

/** From the days before promises. */
export function countSessions(callback: (error: Error | undefined, sessions?: number) => void): void {
  pool.connect((error, client, done) => {
    if (error || !client) {
      callback(error ?? new Error('no client'))
      return
    }
    client.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database()',
      (failure: Error | null, result) => {
        done(failure ?? undefined)
        if (failure) callback(failure)
        else callback(undefined, result.rows[0]!.n)
      },
    )
  })
}
