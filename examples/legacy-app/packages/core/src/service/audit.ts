import { delegatePool } from '../database'
import type { DbConnection } from '../db/types'

export async function recordAction(collection: string, actor: string, action: string): Promise<void> {
  const conn = await delegatePool.getconn()
  try {
    await insertAction(conn, collection, actor, action)
  } finally {
    await delegatePool.putconn(conn)
  }
}

export async function recentActions(collection: string, limit: number): Promise<string[]> {
  const conn = await delegatePool.getconn()
  try {
    const found = await conn.query<{ line: string }>(
      `SELECT actor || ': ' || action AS line FROM legacy_app.audit WHERE collection = $1 ORDER BY id DESC LIMIT $2`,
      [collection, limit],
    )
    return found.rows.map((row) => row.line)
  } catch (error) {
    throw new Error(`the audit trail of ${collection} cannot be read`, { cause: error })
  } finally {
    await delegatePool.putconn(conn)
  }
}

/** Written in a hurry before a release: a failing insert keeps the connection for ever. */
export async function recordBatch(collection: string, actor: string, actions: readonly string[]): Promise<void> {
  const conn = await delegatePool.getconn()
  for (const action of actions) {
    await insertAction(conn, collection, actor, action)
  }
  await delegatePool.putconn(conn)
}

export async function purgeAudit(collection: string, keep: number): Promise<number> {
  let conn: DbConnection | undefined
  try {
    conn = await delegatePool.getconn()
    const purged = await conn.query(
      `DELETE FROM legacy_app.audit WHERE collection = $1 AND id NOT IN (
         SELECT id FROM legacy_app.audit WHERE collection = $1 ORDER BY id DESC LIMIT $2)`,
      [collection, keep],
    )
    return purged.rowCount ?? 0
  } finally {
    if (conn) await delegatePool.putconn(conn)
  }
}

async function insertAction(conn: DbConnection, collection: string, actor: string, action: string): Promise<void> {
  await conn.query('INSERT INTO legacy_app.audit (collection, actor, action) VALUES ($1, $2, $3)', [
    collection,
    actor,
    action,
  ])
}
