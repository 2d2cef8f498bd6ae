import type { PoolClient } from 'pg'
import { infra, pool, pools } from './database'

/** Marks documents as deleted; `purgeDeleted` removes them later. */
export async function markDeleted(collection: string, sources: readonly string[]): Promise<number> {
  const conn = await infra.getDbConnection()
  try {
    await conn.query('BEGIN')
    const marked = await conn.query(
      `UPDATE legacy_app.documents SET status = 'deleted' WHERE collection = $1 AND source = ANY ($2)`,
      [collection, sources],
    )
    await conn.query('COMMIT')
    return marked.rowCount ?? 0
  } catch (error) {
    await conn.query('ROLLBACK')
    throw new Error(`marking documents of ${collection} failed`, { cause: error })
  } finally {
    infra.releaseDbConnection(conn)
  }
}

/** Removes the documents that were marked as deleted. */
export async function purgeDeleted(collection: string): Promise<number> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const purged = await client.query(
      `DELETE FROM legacy_app.documents WHERE collection = $1 AND status = 'deleted'`,
      [collection],
    )
    await client.query('COMMIT')
    return purged.rowCount ?? 0
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

/** Removes finished jobs, a batch at a time. */
export async function removeFinishedJobs(collection: string, batchSize = 100): Promise<number> {
  let removed = 0
  while (true) {
    const conn = await pools.getconn()
    let batch: number
    try {
      const deleted = await conn.query(
        `DELETE FROM legacy_app.jobs WHERE id IN (
           SELECT id FROM legacy_app.jobs WHERE collection = $1 AND state = 'done' LIMIT $2)`,
        [collection, batchSize],
      )
      batch = deleted.rowCount ?? 0
    } finally {
      pools.putconn(conn)
    }
    removed += batch
    if (batch < batchSize) return removed
  }
}

/** Outside a transaction, and without waiting for tables that somebody else cleans. */
export async function vacuumTables(tables: readonly string[]): Promise<number> {
  const client = await pool.connect()
  const known = new Set(['documents', 'chunks', 'jobs', 'audit'])
  const wanted = tables.filter((table) => known.has(table))
  try {
    for (const table of wanted) {
      await client.query(`VACUUM (SKIP_LOCKED, ANALYZE) legacy_app.${table}`)
    }
    return wanted.length
  } finally {
    client.release()
  }
}

/** Removes cached embeddings that nobody asked for. A failing DELETE leaks the client: the catch only logs. */
export async function trimEmbeddingCache(collection: string, minHits: number): Promise<number> {
  let client: PoolClient
  try {
    client = await pool.connect()
    const trimmed = await client.query(
      'DELETE FROM legacy_app.embedding_cache WHERE collection = $1 AND hits < $2',
      [collection, minHits],
    )
    client.release()
    return trimmed.rowCount ?? 0
  } catch (error) {
    console.error(`trimming the embedding cache failed: ${String(error)}`)
    return 0
  }
}

/** Merges settings of one collection into another; `from` is emptied. */
export async function mergeSettings(from: string, to: string): Promise<number> {
  let conn
  try {
    conn = await infra.getDbConnection()
    const merged = await conn.query(
      `WITH moved AS (DELETE FROM legacy_app.settings WHERE collection = $1 RETURNING key, value)
       INSERT INTO legacy_app.settings (collection, key, value) SELECT $2, key, value FROM moved
       ON CONFLICT (collection, key) DO NOTHING`,
      [from, to],
    )
    return merged.rowCount ?? 0
  } finally {
    if (conn) infra.releaseDbConnection(conn)
  }
}
