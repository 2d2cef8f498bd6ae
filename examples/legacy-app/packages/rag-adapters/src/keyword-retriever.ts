import { wordsOf } from '@legacy-app/core'
import { pools } from './database'

export interface KeywordHit {
  readonly source: string
  /** How many words of the query occur. */
  readonly matches: number
}

/** Documents that contain words of the query, most words first. */
export async function searchKeywords(collection: string, query: string, limit: number): Promise<KeywordHit[]> {
  return pools.withConnection(async (conn) => {
    const found = await conn.query<KeywordHit>(
      `SELECT d.source, count(*)::int AS matches FROM legacy_app.documents d, unnest($2::text[]) AS word
       WHERE d.collection = $1 AND d.status = 'active' AND strpos(lower(d.title || ' ' || d.body), word) > 0
       GROUP BY d.source ORDER BY matches DESC, d.source LIMIT $3`,
      [collection, [...new Set(wordsOf(query))], limit],
    )
    return found.rows
  })
}

/** Titles that begin with what was typed so far. */
export async function suggestTitles(collection: string, prefix: string): Promise<string[]> {
  const rows = await pools.withConnection(async (conn) => {
    const found = await conn.query<{ title: string }>(
      `SELECT title FROM legacy_app.documents WHERE collection = $1 AND starts_with(lower(title), lower($2))
       ORDER BY title LIMIT 10`,
      [collection, prefix],
    )
    return found.rows
  })
  return rows.map((row) => row.title)
}
