import { infra, pool, pools } from './database'

export interface CollectionStatistics {
  readonly documents: number
  readonly chunks: number
  readonly characters: number
}

/** Asks three questions at once on one connection; the driver queues them behind each other. */
export async function collectionStatistics(collection: string): Promise<CollectionStatistics> {
  const conn = await infra.getDbConnection()
  try {
    const count = async (statement: string): Promise<number> =>
      (await conn.query<{ n: number }>(statement, [collection])).rows[0]!.n
    const [documents, chunks, characters] = await Promise.all([
      count('SELECT count(*)::int AS n FROM legacy_app.documents WHERE collection = $1'),
      count(
        `SELECT count(*)::int AS n FROM legacy_app.chunks c JOIN legacy_app.documents d ON d.id = c.document_id
         WHERE d.collection = $1`,
      ),
      count('SELECT coalesce(sum(length(body)), 0)::int AS n FROM legacy_app.documents WHERE collection = $1'),
    ])
    return { documents, chunks, characters }
  } finally {
    infra.releaseDbConnection(conn)
  }
}

/** A report for the operators; what follows the try is slow and must not hold the connection. */
export async function writeReport(collection: string, write: (report: string) => Promise<void>): Promise<void> {
  let titles: string[]
  const conn = await pools.getconn()
  try {
    const found = await conn.query<{ title: string }>(
      'SELECT title FROM legacy_app.documents WHERE collection = $1 ORDER BY title',
      [collection],
    )
    titles = found.rows.map((row) => row.title)
  } finally {
    pools.putconn(conn)
  }
  const lines = titles.map((title, index) => `${index + 1}. ${title}`)
  await write([`Collection ${collection}: ${titles.length} documents`, ...lines].join('\n'))
}

/** The longest documents first. */
export async function longestDocuments(collection: string, limit: number): Promise<string[]> {
  const client = await pool.connect()
  try {
    const found = await client.query<{ source: string }>(
      'SELECT source FROM legacy_app.documents WHERE collection = $1 ORDER BY length(body) DESC, source LIMIT $2',
      [collection, limit],
    )
    return found.rows.map((row) => row.source)
  } catch (error) {
    throw new Error(`no statistics for ${collection}`, { cause: error })
  } finally {
    client.release()
  }
}
