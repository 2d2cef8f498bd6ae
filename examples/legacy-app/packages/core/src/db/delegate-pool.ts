import type { InfraDelegate } from './infra-delegate'
import type { DbConnection } from './types'

/**
 * Makes the delegate look like a pool, for code that was written for `getconn`/`putconn`.
 *
 * Known problem: it uses the delegate in raw mode and trusts its callers to put back. Code that received a connection
 * here and gave it back through the delegate stays in `borrowed` for ever.
 */
export class DelegatePool {
  private readonly delegate: InfraDelegate
  private readonly borrowed = new Set<DbConnection>()

  constructor(delegate: InfraDelegate) {
    this.delegate = delegate
  }

  async getconn(): Promise<DbConnection> {
    const conn = await this.delegate.getDbConnection()
    this.borrowed.add(conn)
    return conn
  }

  async putconn(conn: DbConnection): Promise<void> {
    this.borrowed.delete(conn)
    this.delegate.releaseDbConnection(conn)
  }

  async closeall(): Promise<void> {
    for (const conn of this.borrowed) await this.putconn(conn)
  }
}
