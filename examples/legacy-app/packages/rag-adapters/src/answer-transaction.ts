import type { DbConnection, PoolManager } from '@legacy-app/core'

/** One answer being written: keeps its connection from `open` to `commit` or `rollback`. */
export class AnswerTransaction {
  private readonly pools: PoolManager
  private readonly conn: DbConnection
  private isOpen = true

  private constructor(pools: PoolManager, conn: DbConnection) {
    this.pools = pools
    this.conn = conn
  }

  static async open(pools: PoolManager): Promise<AnswerTransaction> {
    const conn = await pools.getconn()
    await conn.query('BEGIN')
    return new AnswerTransaction(pools, conn)
  }

  async write(collection: string, session: string, content: string): Promise<void> {
    await this.conn.query(
      `INSERT INTO legacy_app.messages (collection, session, role, content) VALUES ($1, $2, 'assistant', $3)`,
      [collection, session, content],
    )
  }

  async commit(): Promise<void> {
    await this.finish('COMMIT')
  }

  async rollback(): Promise<void> {
    await this.finish('ROLLBACK')
  }

  private async finish(statement: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    if (!this.isOpen) return
    this.isOpen = false
    try {
      await this.conn.query(statement)
    } finally {
      this.pools.putconn(this.conn)
    }
  }
}
