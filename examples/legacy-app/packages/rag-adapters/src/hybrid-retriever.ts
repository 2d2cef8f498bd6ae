import { Gate, searchDocuments, wordsOf, type SearchHit } from '@legacy-app/core'
import { pools } from './database'

/** Two connections at once for each search: one after the other, or they would wait for each other for ever. */
const gate = new Gate()

/** Similar documents; those that also contain a word of the query come first. */
export async function searchHybrid(collection: string, query: string, limit: number): Promise<SearchHit[]> {
  const pass = await gate.acquire()
  try {
    const conn = await pools.getconn()
    try {
      const similar = await searchDocuments(conn, collection, query, limit)
      const matching = await sourcesWithWords(
        similar.map((hit) => hit.source),
        collection,
        query,
      )
      return [...similar].sort(
        (a, b) => Number(matching.has(b.source)) - Number(matching.has(a.source)) || b.score - a.score,
      )
    } finally {
      pools.putconn(conn)
    }
  } finally {
    pass.release()
  }
}

async function sourcesWithWords(
  sources: readonly string[],
  collection: string,
  query: string,
): Promise<Set<string>> {
  const conn = await pools.getconn()
  try {
    const found = await conn.query<{ source: string }>(
      `SELECT source FROM legacy_app.documents
       WHERE collection = $1 AND source = ANY ($2)
         AND EXISTS (SELECT FROM unnest($3::text[]) AS word WHERE strpos(lower(body), word) > 0)`,
      [collection, sources, wordsOf(query)],
    )
    return new Set(found.rows.map((row) => row.source))
  } finally {
    pools.putconn(conn)
  }
}
