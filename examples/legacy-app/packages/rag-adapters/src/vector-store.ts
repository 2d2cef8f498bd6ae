import {
  deleteDocument,
  saveDocument,
  searchByEmbedding,
  type DbConnection,
  type DocumentInput,
  type SearchHit,
} from '@legacy-app/core'

/** What the adapter needs of a pool manager. */
export interface ConnectionSource {
  getconn(): Promise<DbConnection>
  putconn(conn: DbConnection): void | Promise<void>
}

/** A vector store in the shape that the answering framework wants. */
export class VectorStoreAdapter {
  private readonly source: ConnectionSource
  private readonly collection: string

  constructor(source: ConnectionSource, collection: string) {
    this.source = source
    this.collection = collection
  }

  async addDocuments(documents: readonly DocumentInput[]): Promise<string[]> {
    const conn = await this.source.getconn()
    try {
      await conn.query('BEGIN')
      const ids: string[] = []
      for (const document of documents) {
        ids.push((await saveDocument(conn, this.collection, document)).id)
      }
      await conn.query('COMMIT')
      return ids
    } catch (error) {
      await conn.query('ROLLBACK')
      throw error
    } finally {
      await this.source.putconn(conn)
    }
  }

  async similaritySearch(embedding: readonly number[], limit: number): Promise<SearchHit[]> {
    const conn = await this.source.getconn()
    try {
      return await searchByEmbedding(conn, this.collection, embedding, limit)
    } finally {
      await this.source.putconn(conn)
    }
  }

  /** How many of the sources were there. */
  async delete(sources: readonly string[]): Promise<number> {
    const conn = await this.source.getconn()
    const wanted = [...new Set(sources)].sort()
    try {
      let deleted = 0
      for (const source of wanted) {
        if (await deleteDocument(conn, this.collection, source)) deleted += 1
      }
      return deleted
    } finally {
      await this.source.putconn(conn)
    }
  }
}

/**
 * Wires an adapter to whatever pool manager a team brings.
 *
 * @throws TypeError for managers that are context managers only: the adapter cannot work with those.
 */
export function createVectorStore(manager: Partial<ConnectionSource>, collection: string): VectorStoreAdapter {
  if (typeof manager.getconn !== 'function' || typeof manager.putconn !== 'function') {
    throw new TypeError('the pool manager has no getconn/putconn; the vector store adapter needs both')
  }
  return new VectorStoreAdapter(manager as ConnectionSource, collection)
}
