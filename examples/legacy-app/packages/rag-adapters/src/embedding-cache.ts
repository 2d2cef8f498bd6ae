import { checksumOf, embed, type ConnectionDelegate } from '@legacy-app/core'

/** Remembers embeddings by the checksum of their text. */
export class EmbeddingCache {
  private readonly infra: ConnectionDelegate
  private readonly collection: string

  constructor(infra: ConnectionDelegate, collection: string) {
    this.infra = infra
    this.collection = collection
  }

  async get(text: string): Promise<number[] | undefined> {
    const conn = await this.infra.getDbConnection()
    try {
      const found = await conn.query<{ embedding: number[] }>(
        `UPDATE legacy_app.embedding_cache SET hits = hits + 1 WHERE collection = $1 AND checksum = $2
         RETURNING embedding`,
        [this.collection, checksumOf(text)],
      )
      return found.rows[0]?.embedding
    } finally {
      this.infra.releaseDbConnection(conn)
    }
  }

  async put(text: string, embedding: readonly number[]): Promise<void> {
    await this.infra.getDbConnection(async (conn) => {
      await conn.query(
        `INSERT INTO legacy_app.embedding_cache (collection, checksum, embedding) VALUES ($1, $2, $3::real[])
         ON CONFLICT (collection, checksum) DO UPDATE SET embedding = excluded.embedding`,
        [this.collection, checksumOf(text), embedding],
      )
    })
  }

  async embed(text: string): Promise<number[]> {
    const cached = await this.get(text)
    if (cached) return cached
    const embedding = embed(text)
    await this.put(text, embedding)
    return embedding
  }

  /** Entries and hits. */
  async usage(): Promise<{ entries: number; hits: number }> {
    await using conn = await this.infra.getDbConnection()
    const found = await conn.query<{ entries: number; hits: number }>(
      `SELECT count(*)::int AS entries, coalesce(sum(hits), 0)::int AS hits
       FROM legacy_app.embedding_cache WHERE collection = $1`,
      [this.collection],
    )
    return found.rows[0]!
  }

  async clear(): Promise<number> {
    const conn = await this.infra.getDbConnection()
    if (!conn) return 0
    try {
      await conn.query('BEGIN')
      const cleared = await conn.query('DELETE FROM legacy_app.embedding_cache WHERE collection = $1', [
        this.collection,
      ])
      await conn.query('COMMIT')
      return cleared.rowCount ?? 0
    } catch (error) {
      await conn.query('ROLLBACK')
      throw error
    } finally {
      this.infra.releaseDbConnection(conn)
    }
  }
}
