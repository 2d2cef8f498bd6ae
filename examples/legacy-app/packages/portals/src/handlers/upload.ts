import type { PoolClient } from 'pg'
import { saveDocument, type DocumentInput, type SavedDocument } from '@legacy-app/core'
import { infra, pool } from '../database'
import { HttpError, readBody, readJson, type Call, type Reply } from '../http'

/** The channel on which uploads are announced. */
export const DOCUMENT_CHANNEL = 'legacy_app_documents'

/** `POST /api/collections/:collection/documents` with source, title and body. */
export async function upload({ params, request }: Call, reply: Reply): Promise<void> {
  const input = toDocument(await readJson(request))
  const saved = await store(params.collection!, input)
  reply.status(saved.unchanged ? 200 : 201).json(saved)
}

/** `POST /collections/:collection`: the form of the page. */
export async function uploadForm({ params, request }: Call, reply: Reply): Promise<void> {
  const form = new URLSearchParams(await readBody(request))
  const input = toDocument(Object.fromEntries(form))
  const conn = await infra.getDbConnection()
  try {
    await conn.query('BEGIN')
    await saveDocument(conn, params.collection!, input)
    await conn.query('COMMIT')
  } catch (error) {
    await conn.query('ROLLBACK')
    throw error
  } finally {
    infra.releaseDbConnection(conn)
  }
  reply.status(303).header('location', `/collections/${encodeURIComponent(params.collection!)}`).end()
}

async function store(collection: string, input: DocumentInput): Promise<SavedDocument> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const saved = await saveDocument(client, collection, input)
    if (!saved.unchanged) {
      const event = JSON.stringify({ collection, source: input.source })
      await client.query('SELECT pg_notify($1, $2)', [DOCUMENT_CHANNEL, event])
    }
    await commit(client)
    return saved
  } catch (error) {
    await rollback(client)
    throw error
  }
}

async function commit(client: PoolClient): Promise<void> {
  await client.query('COMMIT')
  client.release()
}

async function rollback(client: PoolClient): Promise<void> {
  await client.query('ROLLBACK')
  client.release()
}

function toDocument(value: Record<string, unknown>): DocumentInput {
  const { source, title, body } = value
  if (typeof source !== 'string' || !/^[\w.-]{1,100}$/.test(source)) {
    throw new HttpError(400, 'source must be 1 to 100 letters, digits, dots or dashes')
  }
  if (typeof title !== 'string' || title.trim() === '') throw new HttpError(400, 'title is missing')
  if (typeof body !== 'string' || body.trim() === '') throw new HttpError(400, 'body is missing')
  return { source, title, body }
}
