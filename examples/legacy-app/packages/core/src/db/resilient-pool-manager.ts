import type { Pool } from 'pg'
import { withRetries } from './retry'
import type { DbConnection, ScopedDbConnection } from './types'

/** How many idle connections stay open; the rest is closed when given back, as the Python services do. */
const KEPT_IDLE = 4

/**
 * The port of the Python services' pool: `getconn`, `putconn`, `closeall` under the names that everybody knew, later
 * also context managers for the teams that wanted those.
 *
 * Known problems:
 * - `putconn` closes connections that are fine as soon as enough idle ones are around, and `closeall` closes the pool
 *   under everybody else who was built on it, the delegate included.
 * - no ROLLBACK at give-back (the Python one had it; it was lost in the port).
 * - "resilient" means that opening is retried. A connection that died while idle is handed out all the same.
 */
export class ResilientPoolManager {
  private readonly pool: Pool
  private readonly keyed = new Map<string | number, DbConnection>()

  constructor(pool: Pool) {
    this.pool = pool
  }

  /** The same key gives the same connection until it is put back. */
  async getconn(key?: string | number): Promise<DbConnection> {
    const known = key === undefined ? undefined : this.keyed.get(key)
    if (known !== undefined) return known
    const conn = await withRetries('getconn', () => this.pool.connect())
    if (key !== undefined) this.keyed.set(key, conn)
    return conn
  }

  putconn(conn: DbConnection, key?: string | number, close = false): void {
    if (key !== undefined) this.keyed.delete(key)
    conn.release(close || this.pool.idleCount >= KEPT_IDLE)
  }

  async closeall(): Promise<void> {
    for (const [key, conn] of this.keyed) this.putconn(conn, key, true)
    await this.pool.end()
  }

  /** For `await using`. */
  async connection(): Promise<ScopedDbConnection> {
    const conn = await this.getconn()
    return Object.assign(conn, { [Symbol.asyncDispose]: async () => this.putconn(conn) })
  }

  async withConnection<T>(work: (conn: DbConnection) => Promise<T>): Promise<T> {
    const conn = await this.getconn()
    try {
      return await work(conn)
    } finally {
      this.putconn(conn)
    }
  }
}
