import { searchDocuments, type DbConnection, type SearchHit } from '@legacy-app/core'
import { infra, pools } from '../database'
import { HttpError, type Call, type Reply } from '../http'

/** `GET /api/collections/:collection/search?q=…&limit=…` */
export async function search({ params, url }: Call, reply: Reply): Promise<void> {
  const query = url.searchParams.get('q')?.trim() ?? ''
  if (query === '') throw new HttpError(400, 'q is missing')
  const limit = Number(url.searchParams.get('limit') ?? '5')
  if (!Number.isInteger(limit) || limit < 1 || limit > 50) throw new HttpError(400, 'limit must be from 1 to 50')
  const conn = await pools.getconn()
  try {
    const hits = await searchDocuments(conn, params.collection!, query, limit)
    reply.json({ query, hits })
  } catch (error) {
    throw new Error(`search in ${params.collection} failed`, { cause: error })
  } finally {
    pools.putconn(conn)
  }
}

/** Every hit above a similarity, for other handlers. */
export async function hitsAbove(collection: string, query: string, minScore: number): Promise<SearchHit[]> {
  return infra.getDbConnection(async (conn) => {
    const hits = await searchDocuments(conn, collection, query, 50)
    return hits.filter((hit) => hit.score >= minScore)
  })
}

/** `GET /api/collections/:collection/related/:source`: documents that resemble one document. */
export async function related({ params }: Call, reply: Reply): Promise<void> {
  let conn: DbConnection | undefined
  try {
    conn = await pools.getconn()
    const found = await conn.query<{ title: string; body: string }>(
      'SELECT title, body FROM legacy_app.documents WHERE collection = $1 AND source = $2',
      [params.collection, params.source],
    )
    const document = found.rows[0]
    if (document === undefined) throw new HttpError(404, `no document ${params.source}`)
    const hits = await searchDocuments(conn, params.collection!, `${document.title} ${document.body}`, 4)
    reply.json({ hits: hits.filter((hit) => hit.source !== params.source) })
  } finally {
    if (conn) pools.putconn(conn)
  }
}
