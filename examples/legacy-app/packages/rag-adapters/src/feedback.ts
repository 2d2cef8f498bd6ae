import { infra, pool } from './database'

/** Thumbs up or down. Leaks its connection when the insert fails. */
export async function recordFeedback(collection: string, session: string, isHelpful: boolean): Promise<void> {
  const conn = await infra.getDbConnection()
  await conn.query('INSERT INTO legacy_app.audit (collection, actor, action) VALUES ($1, $2, $3)', [
    collection,
    session,
    isHelpful ? 'helpful' : 'not helpful',
  ])
  infra.releaseDbConnection(conn)
}

/** Share of helpful answers, from 0 to 1. */
export async function helpfulShare(collection: string): Promise<number> {
  const client = await pool.connect()
  try {
    const counted = await client.query<{ share: number | null }>(
      `SELECT avg((action = 'helpful')::int)::float AS share FROM legacy_app.audit WHERE collection = $1`,
      [collection],
    )
    const share = counted.rows[0]?.share
    if (share === null || share === undefined) {
      return 0
    }
    return share
  } finally {
    client.release()
  }
}

/** Forgets feedback. A failing DELETE leaks: the catch forgot the release. */
export async function forgetFeedback(collection: string): Promise<number> {
  const client = await pool.connect()
  try {
    const forgotten = await client.query('DELETE FROM legacy_app.audit WHERE collection = $1', [collection])
    client.release()
    return forgotten.rowCount ?? 0
  } catch (error) {
    throw new Error(`feedback of ${collection} was not forgotten`, { cause: error })
  }
}
