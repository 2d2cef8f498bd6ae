import { saveDocument, type DbConnection, type DocumentInput, type PoolManager } from '@legacy-app/core'

/** A test's own world: everything happens in one transaction that `stop` takes back. Keeps its connection meanwhile. */
export class Sandbox {
  private readonly pools: PoolManager
  private conn: DbConnection | undefined

  constructor(pools: PoolManager) {
    this.pools = pools
  }

  async start(): Promise<void> {
    this.conn = await this.pools.getconn()
    await this.conn.query('BEGIN')
  }

  async add(collection: string, document: DocumentInput): Promise<void> {
    await saveDocument(this.current(), collection, document)
  }

  async count(collection: string): Promise<number> {
    const counted = await this.current().query<{ n: number }>(
      'SELECT count(*)::int AS n FROM legacy_app.documents WHERE collection = $1',
      [collection],
    )
    return counted.rows[0]!.n
  }

  async stop(): Promise<void> {
    const conn = this.current()
    this.conn = undefined
    try {
      await conn.query('ROLLBACK')
    } finally {
      this.pools.putconn(conn)
    }
  }

  private current(): DbConnection {
    if (this.conn === undefined) throw new Error('the sandbox was not started')
    return this.conn
  }
}
