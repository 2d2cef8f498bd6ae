import type { DbConnection } from '../db/types'
import { embed, EMBEDDING_MODEL } from './embedding'
import { checksumOf, chunkText } from './text'

export interface DocumentInput {
  readonly source: string
  readonly title: string
  readonly body: string
}

export interface DocumentRow extends DocumentInput {
  readonly id: string
  readonly collection: string
  readonly checksum: string
  readonly status: string
}

export interface SavedDocument {
  readonly id: string
  readonly chunkCount: number
  /** The same text was stored already; nothing was embedded. */
  readonly unchanged: boolean
}

export interface SearchHit {
  readonly source: string
  readonly title: string
  readonly content: string
  /** Cosine similarity, from -1 to 1. */
  readonly score: number
}

const documentColumns = 'id, collection, source, title, body, checksum, status'

/** Stores or replaces a document with its chunks. The caller brings the transaction. */
export async function saveDocument(
  conn: DbConnection,
  collection: string,
  input: DocumentInput,
): Promise<SavedDocument> {
  const checksum = checksumOf(`${input.title}\n${input.body}`)
  const known = await findDocument(conn, collection, input.source)
  if (known?.checksum === checksum && known.status === 'active') {
    return { id: known.id, chunkCount: await countChunks(conn, known.id), unchanged: true }
  }
  const saved = await conn.query<{ id: string }>(
    `INSERT INTO legacy_app.documents (collection, source, title, body, checksum)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (collection, source) DO UPDATE
       SET title = excluded.title, body = excluded.body, checksum = excluded.checksum,
           status = 'active', updated_at = clock_timestamp()
     RETURNING id`,
    [collection, input.source, input.title, input.body, checksum],
  )
  const id = saved.rows[0]!.id
  const chunkCount = await embedDocument(conn, id, input)
  return { id, chunkCount, unchanged: false }
}

/** Replaces the chunks of a document by freshly embedded ones; answers how many there are. */
export async function embedDocument(conn: DbConnection, id: string, input: DocumentInput): Promise<number> {
  await conn.query('DELETE FROM legacy_app.chunks WHERE document_id = $1', [id])
  const chunks = chunkText(`${input.title}. ${input.body}`)
  for (const [ordinal, content] of chunks.entries()) {
    await conn.query(
      `INSERT INTO legacy_app.chunks (document_id, ordinal, content, embedding, embedded_with)
       VALUES ($1, $2, $3, $4::real[], $5)`,
      [id, ordinal, content, embed(content), EMBEDDING_MODEL],
    )
  }
  return chunks.length
}

export async function findDocument(
  conn: DbConnection,
  collection: string,
  source: string,
): Promise<DocumentRow | undefined> {
  const found = await conn.query<DocumentRow>(
    `SELECT ${documentColumns} FROM legacy_app.documents WHERE collection = $1 AND source = $2`,
    [collection, source],
  )
  return found.rows[0]
}

/** Active documents by source name, starting after `after`. */
export async function listDocuments(
  conn: DbConnection,
  collection: string,
  limit: number,
  after = '',
): Promise<DocumentRow[]> {
  const found = await conn.query<DocumentRow>(
    `SELECT ${documentColumns} FROM legacy_app.documents
     WHERE collection = $1 AND source > $2 AND status = 'active' ORDER BY source LIMIT $3`,
    [collection, after, limit],
  )
  return found.rows
}

/** Whether there was such a document. */
export async function deleteDocument(conn: DbConnection, collection: string, source: string): Promise<boolean> {
  const deleted = await conn.query(
    'DELETE FROM legacy_app.documents WHERE collection = $1 AND source = $2',
    [collection, source],
  )
  return deleted.rowCount === 1
}

export async function countDocuments(conn: DbConnection, collection: string): Promise<number> {
  const counted = await conn.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM legacy_app.documents WHERE collection = $1',
    [collection],
  )
  return counted.rows[0]!.n
}

/** The best chunk of each matching document, best document first. */
export async function searchDocuments(
  conn: DbConnection,
  collection: string,
  query: string,
  limit = 5,
): Promise<SearchHit[]> {
  return searchByEmbedding(conn, collection, embed(query), limit)
}

export async function searchByEmbedding(
  conn: DbConnection,
  collection: string,
  embedding: readonly number[],
  limit: number,
): Promise<SearchHit[]> {
  const found = await conn.query<SearchHit>(
    `SELECT source, title, content, score FROM (
       SELECT DISTINCT ON (d.id) d.source, d.title, c.content,
              legacy_app.cosine_similarity(c.embedding, $2::real[]) AS score
       FROM legacy_app.chunks c JOIN legacy_app.documents d ON d.id = c.document_id
       WHERE d.collection = $1 AND d.status = 'active'
       ORDER BY d.id, score DESC, c.ordinal
     ) best ORDER BY score DESC, source LIMIT $3`,
    [collection, embedding, limit],
  )
  return found.rows
}

async function countChunks(conn: DbConnection, documentId: string): Promise<number> {
  const counted = await conn.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM legacy_app.chunks WHERE document_id = $1',
    [documentId],
  )
  return counted.rows[0]!.n
}
