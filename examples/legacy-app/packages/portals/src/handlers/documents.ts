import { deleteDocument, findDocument, listDocuments } from '@legacy-app/core'
import { infra, pool, pools } from '../database'
import { HttpError, readJson, type Call, type Reply } from '../http'

/** `GET /api/collections/:collection/documents/:source`; answers 304 to a matching `If-None-Match`. */
export async function getDocument({ params, request }: Call, reply: Reply): Promise<void> {
  const conn = await pools.getconn()
  const document = await findDocument(conn, params.collection!, params.source!)
  if (document !== undefined && request.headers['if-none-match'] === `"${document.checksum}"`) {
    pools.putconn(conn)
    return reply.status(304).end()
  }
  try {
    if (document === undefined) throw new HttpError(404, `no document ${params.source}`)
    const chunks = await conn.query<{ content: string }>(
      'SELECT content FROM legacy_app.chunks WHERE document_id = $1 ORDER BY ordinal',
      [document.id],
    )
    const { source, title, body } = document
    reply.header('etag', `"${document.checksum}"`)
    reply.json({ source, title, body, chunks: chunks.rows.map((row) => row.content) })
  } finally {
    pools.putconn(conn)
  }
}

/** `GET /api/collections/:collection/documents?after=…` */
export async function getDocuments({ params, url }: Call, reply: Reply): Promise<void> {
  const conn = await infra.getDbConnection()
  const after = url.searchParams.get('after') ?? ''
  try {
    const documents = await listDocuments(conn, params.collection!, 100, after)
    reply.json({ documents: documents.map(({ source, title }) => ({ source, title })) })
  } finally {
    infra.releaseDbConnection(conn)
  }
}

/** `DELETE /api/collections/:collection/documents/:source` */
export async function removeDocument({ params }: Call, reply: Reply): Promise<void> {
  const conn = await infra.getDbConnection()
  try {
    const isDeleted = await deleteDocument(conn, params.collection!, params.source!)
    if (!isDeleted) {
      return reply.status(404).json({ error: `no document ${params.source}` })
    }
    return reply.status(204).end()
  } catch (error) {
    throw new Error(`document ${params.source} was not deleted`, { cause: error })
  } finally {
    infra.releaseDbConnection(conn)
  }
}

/** `PATCH /api/collections/:collection/documents/:source` with a new title. */
export async function retitleDocument({ params, request }: Call, reply: Reply): Promise<void> {
  const { title } = await readJson(request)
  if (typeof title !== 'string' || title.trim() === '') throw new HttpError(400, 'title is missing')
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const changed = await client.query(
      'UPDATE legacy_app.documents SET title = $3 WHERE collection = $1 AND source = $2',
      [params.collection, params.source, title],
    )
    if (changed.rowCount === 0) throw new HttpError(404, `no document ${params.source}`)
    await client.query('COMMIT')
    reply.json({ source: params.source, title })
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

/** `GET /health` */
export async function health(_call: Call, reply: Reply): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('SELECT 1')
    reply.json({ status: 'ok' })
  } finally {
    client.release()
  }
}
