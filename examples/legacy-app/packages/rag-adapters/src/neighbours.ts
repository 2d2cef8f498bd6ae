import { AsyncLocalStorage } from 'node:async_hooks'
import { EMBEDDING_SIZE, findDocument, type DbConnection } from '@legacy-app/core'
import { delegatePool, infra } from './database'

const ambient = new AsyncLocalStorage<DbConnection>()

/** Documents whose first chunk resembles the first chunk of the given one, best first. */
export async function neighboursOf(collection: string, source: string, limit: number): Promise<string[]> {
  const conn = await delegatePool.getconn()
  try {
    const found = await conn.query<{ source: string }>(
      `SELECT d.source FROM legacy_app.documents d JOIN legacy_app.chunks c ON c.document_id = d.id AND c.ordinal = 0,
         (SELECT c0.embedding FROM legacy_app.documents d0 JOIN legacy_app.chunks c0 ON c0.document_id = d0.id
          WHERE d0.collection = $1 AND d0.source = $2 AND c0.ordinal = 0) mine
       WHERE d.collection = $1 AND d.source <> $2
       ORDER BY legacy_app.cosine_similarity(c.embedding, mine.embedding) DESC LIMIT $3`,
      [collection, source, limit],
    )
    return found.rows.map((row) => row.source)
  } catch (error) {
    throw new Error(`no neighbours of ${source}`, { cause: error })
  } finally {
    await delegatePool.putconn(conn)
  }
}

/** Runs `work` so that everything in it reads on one connection. */
export async function withAmbientConnection<T>(work: () => Promise<T>): Promise<T> {
  const conn = await delegatePool.getconn()
  try {
    return await ambient.run(conn, work)
  } finally {
    await delegatePool.putconn(conn)
  }
}

/** The title of a document, read on the ambient connection where there is one. */
export async function titleOf(collection: string, source: string): Promise<string | undefined> {
  const borrowed = ambient.getStore()
  const conn = borrowed ?? (await delegatePool.getconn())
  try {
    return (await findDocument(conn, collection, source))?.title
  } finally {
    if (!borrowed) await delegatePool.putconn(conn)
  }
}

/** Throws when a stored vector has the wrong length. */
export async function verifyEmbeddings(collection: string): Promise<number> {
  const conn = await infra.getDbConnection()
  let checked = 0
  try {
    const lengths = await conn.query<{ length: number; n: number }>(
      `SELECT cardinality(c.embedding) AS length, count(*)::int AS n
       FROM legacy_app.chunks c JOIN legacy_app.documents d ON d.id = c.document_id
       WHERE d.collection = $1 GROUP BY 1`,
      [collection],
    )
    for (const { length, n } of lengths.rows) {
      if (length !== EMBEDDING_SIZE) throw new RangeError(`${n} embeddings of length ${length}`)
      checked += n
    }
    return checked
  } finally {
    infra.releaseDbConnection(conn)
  }
}
