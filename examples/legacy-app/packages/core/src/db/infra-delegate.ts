import type { Pool } from 'pg'
import { withRetries } from './retry'
import type { DbConnection, ScopedDbConnection } from './types'

/**
 * The platform team's entry to the database.
 *
 * `getDbConnection` grew three meanings over the years: with no argument it hands out a raw connection that the caller
 * must give back with `releaseDbConnection`; with a function it is a context manager; and since the last compiler
 * upgrade its result also works in `await using`. Nothing tells a caller which of them is in force.
 *
 * Known problems (nobody dares to touch them, half of the product hangs on this class):
 * - the raw and the `await using` mode share one object; who uses both gives the connection back twice, and the second
 *   time it may be somebody else's already. We swallow the pool's complaint, so it goes unseen.
 * - nothing is rolled back at give-back: who forgets COMMIT hands an open transaction to the next borrower.
 * - who uses the raw mode like the context manager (no release) leaks, and the pool is empty ten requests later.
 */
export class InfraDelegate {
  private readonly pool: Pool

  constructor(pool: Pool) {
    this.pool = pool
  }

  getDbConnection(): Promise<ScopedDbConnection>
  getDbConnection<T>(work: (conn: DbConnection) => Promise<T>): Promise<T>
  async getDbConnection<T>(work?: (conn: DbConnection) => Promise<T>): Promise<ScopedDbConnection | T> {
    const conn = await withRetries('taking a database connection', () => this.pool.connect())
    if (work === undefined) {
      // Sticks to the client after it went back to the pool; the next getDbConnection overwrites it.
      return Object.assign(conn, { [Symbol.asyncDispose]: async () => this.releaseDbConnection(conn) })
    }
    try {
      return await work(conn)
    } finally {
      this.releaseDbConnection(conn)
    }
  }

  releaseDbConnection(conn: DbConnection): void {
    try {
      conn.release()
    } catch {
      // Given back already: happens when a caller mixes the modes.
    }
  }
}
