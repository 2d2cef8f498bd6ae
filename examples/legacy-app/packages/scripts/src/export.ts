import { listDocuments, type DocumentInput, type DocumentRow } from '@legacy-app/core'
import { infra, pools } from './database'

/** The documents of a collection as JSON lines. */
export async function exportLines(collection: string): Promise<string[]> {
  const lines: string[] = []
  for await (const document of exportDocuments(collection, 2)) {
    const { source, title, body } = document
    lines.push(JSON.stringify({ source, title, body } satisfies DocumentInput))
  }
  return lines
}

/** Reads page by page; no connection is held while the consumer works on a page. */
export async function* exportDocuments(collection: string, pageSize: number): AsyncGenerator<DocumentRow> {
  let after = ''
  while (true) {
    const conn = await pools.getconn()
    let page: DocumentRow[]
    try {
      page = await listDocuments(conn, collection, pageSize, after)
    } finally {
      pools.putconn(conn)
    }
    yield* page
    if (page.length < pageSize) return
    after = page[page.length - 1]!.source
  }
}

/** Streams the embeddings of a collection while one connection is held; for small collections only. */
export async function* exportEmbeddings(collection: string): AsyncGenerator<{ source: string; embedding: number[] }> {
  const conn = await infra.getDbConnection()
  try {
    const found = await conn.query<{ source: string; embedding: number[] }>(
      `SELECT d.source, c.embedding FROM legacy_app.documents d JOIN legacy_app.chunks c ON c.document_id = d.id
       WHERE d.collection = $1 ORDER BY d.source, c.ordinal`,
      [collection],
    )
    for (const row of found.rows) {
      yield row
    }
  } finally {
    infra.releaseDbConnection(conn)
  }
}

export async function countExportable(collection: string): Promise<number> {
  const conn = await pools.getconn()
  try {
    const counted = await conn.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM legacy_app.documents WHERE collection = $1 AND status = 'active'`,
      [collection],
    )
    return counted.rows[0]!.n
  } finally {
    pools.putconn(conn)
  }
}
