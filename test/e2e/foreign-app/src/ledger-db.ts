import { Pool, type PoolClient } from 'pg'

/** The one place where this application takes connections; everybody calls borrow() and giveBack(). */
export class LedgerDb {
  readonly pool: Pool

  constructor(url: string) {
    this.pool = new Pool({ connectionString: url, max: 5 })
  }

  async borrow(): Promise<PoolClient> {
    return await this.pool.connect()
  }

  giveBack(client: PoolClient): void {
    client.release()
  }

  async shutdown(): Promise<void> {
    await this.pool.end()
  }
}
