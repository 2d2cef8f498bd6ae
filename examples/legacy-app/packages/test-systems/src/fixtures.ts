import { sampleDocuments, saveDocument, type DbConnection, type DocumentInput } from '@legacy-app/core'
import { infra, pools } from './database'

/** Fills a collection with the sample documents; answers how many there are. */
export async function seedCollection(
  collection: string,
  documents: readonly DocumentInput[] = sampleDocuments,
): Promise<number> {
  const conn = await pools.getconn()
  try {
    await conn.query('BEGIN')
    for (const document of documents) {
      await saveDocument(conn, collection, document)
    }
    await conn.query('COMMIT')
    return documents.length
  } catch (error) {
    await conn.query('ROLLBACK')
    throw error
  } finally {
    pools.putconn(conn)
  }
}

/** Removes everything that a test system left. */
export async function dropTestSystem(collection: string): Promise<number> {
  const conn = await infra.getDbConnection()
  try {
    let removed = 0
    for (const table of ['documents', 'settings', 'jobs', 'audit', 'messages', 'embedding_cache']) {
      const deleted = await conn.query(`DELETE FROM legacy_app.${table} WHERE collection = $1`, [collection])
      removed += deleted.rowCount ?? 0
    }
    return removed
  } finally {
    infra.releaseDbConnection(conn)
  }
}

/** Adds rows one by one; leaks its connection when a row is refused, which never happened on our machines. */
export async function loadSettings(collection: string, settings: Record<string, string>): Promise<void> {
  const conn: DbConnection = await pools.getconn()
  for (const [key, value] of Object.entries(settings)) {
    await conn.query('INSERT INTO legacy_app.settings (collection, key, value) VALUES ($1, $2, $3)', [
      collection,
      key,
      value,
    ])
  }
  pools.putconn(conn)
}

/** Makes every chunk of a collection look as if an older embedding had made it. */
export async function ageEmbeddings(collection: string): Promise<number> {
  const conn = await infra.getDbConnection()
  if (!conn) {
    throw new Error('no database connection')
  }
  try {
    const aged = await conn.query(
      `UPDATE legacy_app.chunks SET embedded_with = 'hashed-ngrams-v1'
       WHERE document_id IN (SELECT id FROM legacy_app.documents WHERE collection = $1)`,
      [collection],
    )
    return aged.rowCount ?? 0
  } finally {
    infra.releaseDbConnection(conn)
  }
}
