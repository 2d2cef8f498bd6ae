import { pool, pools } from '../database'
import { deferConnection } from './deferred-connection'

export interface DatabaseHealth {
  readonly version: number
  readonly schema: number
}

export async function checkHealth(): Promise<DatabaseHealth> {
  const handle = deferConnection(pools)
  try {
    const conn = await handle.open()
    const found = await conn.query<DatabaseHealth>(
      `SELECT current_setting('server_version_num')::int AS version, max(version) AS schema
       FROM legacy_app.schema_version`,
    )
    return found.rows[0]!
  } finally {
    handle.close()
  }
}

/** Milliseconds that a round trip takes. */
export function pingDatabase(): Promise<number> {
  const startedAt = performance.now()
  return pool.connect().then(async (client) => {
    try {
      await client.query('SELECT 1')
      return performance.now() - startedAt
    } finally {
      client.release()
    }
  })
}
