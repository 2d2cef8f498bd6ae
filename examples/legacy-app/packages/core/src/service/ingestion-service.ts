import type { ConnectionDelegate, DbConnection, PoolManager } from '../db/types'
import {
  deleteDocument,
  embedDocument,
  findDocument,
  saveDocument,
  type DocumentInput,
  type SavedDocument,
} from '../documents/documents'

/** Takes documents in: chunks, embeds and stores them. */
export class IngestionService {
  private readonly pools: PoolManager
  private readonly infra: ConnectionDelegate

  constructor(pools: PoolManager, infra: ConnectionDelegate) {
    this.pools = pools
    this.infra = infra
  }

  async ingest(collection: string, input: DocumentInput): Promise<SavedDocument> {
    if (input.body.trim() === '') throw new RangeError(`document ${input.source} is empty`)
    const conn = await this.pools.getconn()
    try {
      await conn.query('BEGIN')
      const saved = await saveDocument(conn, collection, input)
      await conn.query('COMMIT')
      return saved
    } catch (error) {
      await conn.query('ROLLBACK')
      throw error
    } finally {
      this.pools.putconn(conn)
    }
  }

  /** All or nothing. */
  async ingestMany(collection: string, inputs: readonly DocumentInput[]): Promise<number> {
    return await this.pools.withConnection(async (conn) => {
      let chunks = 0
      await conn.query('BEGIN')
      try {
        for (const input of inputs) {
          chunks += (await saveDocument(conn, collection, input)).chunkCount
        }
        await conn.query('COMMIT')
      } catch (error) {
        await conn.query('ROLLBACK')
        throw error
      }
      return chunks
    })
  }

  /** Embeds a stored document anew; undefined when there is none. */
  async reembed(collection: string, source: string): Promise<number | undefined> {
    const conn = await this.infra.getDbConnection()
    const startedAt = Date.now()
    try {
      await conn.query('BEGIN')
      const document = await findDocument(conn, collection, source)
      const chunks = document === undefined ? undefined : await embedDocument(conn, document.id, document)
      await conn.query('COMMIT')
      return chunks
    } catch (error) {
      await conn.query('ROLLBACK')
      throw new Error(`re-embedding ${source} failed after ${Date.now() - startedAt} ms`, { cause: error })
    } finally {
      this.infra.releaseDbConnection(conn)
    }
  }

  async remove(collection: string, source: string): Promise<boolean> {
    return this.infra.getDbConnection((conn) => deleteDocument(conn, collection, source))
  }

  /** The newest code, written after the compiler upgrade. */
  async checksum(collection: string, source: string): Promise<string | undefined> {
    await using conn = await this.pools.connection()
    const document = await findDocument(conn, collection, source)
    return document?.checksum
  }

  /** Reads inside the caller's transaction when one is given. */
  async exists(collection: string, source: string, given?: DbConnection): Promise<boolean> {
    const conn = given ?? (await this.pools.getconn())
    try {
      return (await findDocument(conn, collection, source)) !== undefined
    } finally {
      if (!given) this.pools.putconn(conn)
    }
  }

  /** Takes a document in unless it is there; answers whether it was new. */
  async ingestOnce(collection: string, input: DocumentInput): Promise<boolean> {
    const conn = await this.pools.getconn()
    try {
      await conn.query('BEGIN')
      const isKnown = await this.exists(collection, input.source, conn)
      if (!isKnown) await saveDocument(conn, collection, input)
      await conn.query('COMMIT')
      return !isKnown
    } catch (error) {
      await conn.query('ROLLBACK')
      throw error
    } finally {
      this.pools.putconn(conn)
    }
  }
}
