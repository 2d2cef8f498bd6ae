import type { Pool } from 'pg'
import { withRetries } from './retry'
import type { DbConnection } from './types'

/**
 * The pool manager of the teams that came later: context manager only.
 *
 * Known problem: adapters written for `getconn`/`putconn` fail on it the moment they are wired up, so those teams
 * cannot use them.
 */
export class ContextPoolManager {
  private readonly pool: Pool

  constructor(pool: Pool) {
    this.pool = pool
  }

  async withConnection<T>(work: (conn: DbConnection) => Promise<T>): Promise<T> {
    const conn = await withRetries('withConnection', () => this.pool.connect())
    try {
      return await work(conn)
    } finally {
      conn.release()
    }
  }
}
