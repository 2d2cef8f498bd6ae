import type { Pool, PoolClient } from 'pg'

export interface ChatMessage {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

/** The messages of chat sessions. */
export class ChatHistory {
  private readonly pool: Pool
  private readonly collection: string

  constructor(pool: Pool, collection: string) {
    this.pool = pool
    this.collection = collection
  }

  /** All messages or none; on the caller's client when one is given. */
  async append(session: string, messages: readonly ChatMessage[], existing?: PoolClient): Promise<void> {
    const client = existing ?? (await this.pool.connect())
    try {
      for (const message of messages) {
        await client.query(
          'INSERT INTO legacy_app.messages (collection, session, role, content) VALUES ($1, $2, $3, $4)',
          [this.collection, session, message.role, message.content],
        )
      }
    } finally {
      if (!existing) client.release()
    }
  }

  async recent(session: string, limit: number): Promise<ChatMessage[]> {
    const client = await this.pool.connect()
    try {
      const found = await client.query<ChatMessage>(
        `SELECT role, content FROM (
           SELECT id, role, content FROM legacy_app.messages WHERE collection = $1 AND session = $2
           ORDER BY id DESC LIMIT $3) newest ORDER BY id`,
        [this.collection, session, limit],
      )
      return found.rows
    } finally {
      client.release()
    }
  }

  /** Replaces a session by a summary of it. */
  async summarize(session: string, summary: string): Promise<number> {
    const client = await this.pool.connect()
    try {
      await client.query('BEGIN')
      const removed = await client.query(
        'DELETE FROM legacy_app.messages WHERE collection = $1 AND session = $2',
        [this.collection, session],
      )
      await this.append(session, [{ role: 'assistant', content: summary }], client)
      await client.query('COMMIT')
      return removed.rowCount ?? 0
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    } finally {
      client.release()
    }
  }

  /** Reports a broken connection to the pool; the two releases are on different paths. */
  async clear(session: string): Promise<void> {
    const client = await this.pool.connect()
    try {
      await client.query('DELETE FROM legacy_app.messages WHERE collection = $1 AND session = $2', [
        this.collection,
        session,
      ])
    } catch (error) {
      client.release(error as Error)
      throw error
    }
    client.release()
  }
}
