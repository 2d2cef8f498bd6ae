import { infra, pool, pools } from '../database'

/** The settings of a collection, as the portal's administrators see them. */
export interface CollectionDescription {
  readonly collection: string
  readonly documents: number
  readonly chunks: number
  readonly settings: Record<string, string>
}

export async function writeSetting(collection: string, key: string, value: string): Promise<void> {
  const conn = await infra.getDbConnection()
  try {
    await conn.query('BEGIN')
    await conn.query(
      `INSERT INTO legacy_app.settings (collection, key, value) VALUES ($1, $2, $3)
       ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value`,
      [collection, key, value],
    )
    await conn.query('INSERT INTO legacy_app.audit (collection, actor, action) VALUES ($1, $2, $3)', [
      collection,
      'catalog',
      `set ${key}`,
    ])
    await conn.query('COMMIT')
  } catch (error) {
    await conn.query('ROLLBACK')
    throw error
  } finally {
    infra.releaseDbConnection(conn)
  }
}

export async function readSetting(collection: string, key: string, fallback: string): Promise<string> {
  const conn = await pools.getconn()
  if (!conn) {
    return fallback
  }
  try {
    const found = await conn.query<{ value: string }>(
      'SELECT value FROM legacy_app.settings WHERE collection = $1 AND key = $2',
      [collection, key],
    )
    return found.rows[0]?.value ?? fallback
  } finally {
    pools.putconn(conn)
  }
}

export async function describeCollection(collection: string): Promise<CollectionDescription> {
  return pools.withConnection(async (conn) => {
    const counts = await conn.query<{ documents: number; chunks: number }>(
      `SELECT count(DISTINCT d.id)::int AS documents, count(c.id)::int AS chunks
       FROM legacy_app.documents d LEFT JOIN legacy_app.chunks c ON c.document_id = d.id
       WHERE d.collection = $1`,
      [collection],
    )
    const settings = await conn.query<{ key: string; value: string }>(
      'SELECT key, value FROM legacy_app.settings WHERE collection = $1 ORDER BY key',
      [collection],
    )
    return {
      collection,
      documents: counts.rows[0]!.documents,
      chunks: counts.rows[0]!.chunks,
      settings: Object.fromEntries(settings.rows.map((row) => [row.key, row.value])),
    }
  })
}

export async function listCollections(prefix: string): Promise<string[]> {
  return infra.getDbConnection(async (conn) => {
    const found = await conn.query<{ collection: string }>(
      'SELECT DISTINCT collection FROM legacy_app.documents WHERE starts_with(collection, $1) ORDER BY 1',
      [prefix],
    )
    return found.rows.map((row) => row.collection)
  })
}

/** Moves every document and setting under a new name. */
export async function renameCollection(from: string, to: string): Promise<number> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const moved = await client.query('UPDATE legacy_app.documents SET collection = $2 WHERE collection = $1', [
      from,
      to,
    ])
    await client.query('UPDATE legacy_app.settings SET collection = $2 WHERE collection = $1', [from, to])
    await client.query('COMMIT')
    return moved.rowCount ?? 0
  } catch (error) {
    await client.query('ROLLBACK')
    throw new Error(`cannot rename collection ${from}`, { cause: error })
  } finally {
    client.release()
  }
}

/** Forgets everything about a collection. */
export async function dropCollection(collection: string): Promise<void> {
  const conn = await pools.getconn()
  try {
    // One statement each, no transaction: a second run finishes what a crash left.
    for (const table of ['documents', 'settings', 'jobs', 'audit', 'messages', 'embedding_cache']) {
      await conn.query(`DELETE FROM legacy_app.${table} WHERE collection = $1`, [collection])
    }
  } finally {
    pools.putconn(conn)
  }
}
