import {
  embedDocument,
  EMBEDDING_MODEL,
  findDocument,
  type DbConnection,
  type DocumentRow,
} from '@legacy-app/core'
import { infra, pools } from './database'

/** Embeds every stale document of a collection anew; answers how many that were. */
export async function reindexCollection(collection: string): Promise<number> {
  const stale = await listStale(collection)
  for (const source of stale) {
    await reindexDocument(collection, source)
  }
  return stale.length
}

/** Sources of documents with chunks of another embedding than today's. */
export async function listStale(collection: string): Promise<string[]> {
  const conn = await pools.getconn()
  if (!conn) return []
  try {
    const found = await conn.query<{ source: string }>(
      `SELECT DISTINCT d.source FROM legacy_app.documents d JOIN legacy_app.chunks c ON c.document_id = d.id
       WHERE d.collection = $1 AND c.embedded_with <> $2 ORDER BY 1`,
      [collection, EMBEDDING_MODEL],
    )
    return found.rows.map((row) => row.source)
  } finally {
    pools.putconn(conn)
  }
}

/** Embeds one document anew, on the caller's connection when one is given. */
export async function reindexDocument(collection: string, source: string, given?: DbConnection): Promise<number> {
  const conn = given ?? (await pools.getconn())
  try {
    const document = await findDocument(conn, collection, source)
    return document === undefined ? 0 : await embedDocument(conn, document.id, document)
  } finally {
    if (!given) pools.putconn(conn)
  }
}

/** Embeds all documents in one transaction: either the whole collection is new or nothing is. */
export async function rebuildCollection(collection: string): Promise<number> {
  const conn = await infra.getDbConnection()
  try {
    await conn.query('BEGIN')
    const documents = await conn.query<DocumentRow>(
      'SELECT * FROM legacy_app.documents WHERE collection = $1 ORDER BY source FOR UPDATE',
      [collection],
    )
    let chunks = 0
    for (const document of documents.rows) {
      chunks += await reindexDocument(collection, document.source, conn)
    }
    await conn.query('COMMIT')
    return chunks
  } catch (error) {
    await conn.query('ROLLBACK')
    throw error
  } finally {
    infra.releaseDbConnection(conn)
  }
}

/** Rebuilds under a key, so that whoever asks for the same key in this process shares the connection. */
export async function touchCollection(collection: string): Promise<number> {
  const conn = await pools.getconn(collection)
  try {
    const touched = await conn.query(
      'UPDATE legacy_app.documents SET updated_at = clock_timestamp() WHERE collection = $1',
      [collection],
    )
    return touched.rowCount ?? 0
  } finally {
    pools.putconn(conn, collection)
  }
}
