import type { Pool as AnyPool } from 'pg'
import type { Connection } from '../core/connection'
import { Pool } from '../pool/drop-in/pool'
import type { AcquireOptions, DatabaseConnectionService } from './connection-service'
import { defaultPurpose } from './service-options'

/** What the pools need of whoever has the connections. */
export interface PgPoolOrigin extends Pick<
  DatabaseConnectionService,
  'acquireConnection' | 'releaseConnection' | 'stats'
> {
  /** A connection without waiting, where there is one. */
  tryAcquire?(purpose: string, options?: AcquireOptions): Connection | undefined
}

/** The faces of one service for libraries that want a `pg.Pool`: one for each purpose, made when it is first asked for. */
export class ServicePgPools {
  readonly #origin: PgPoolOrigin
  readonly #pools = new Map<string, AnyPool>()

  constructor(origin: PgPoolOrigin) {
    this.#origin = origin
  }

  /** @throws InvalidOptionError when the service does not know the purpose */
  get(purpose = defaultPurpose): AnyPool {
    let pool = this.#pools.get(purpose)
    if (pool === undefined) {
      pool = this.#create(purpose)
      this.#pools.set(purpose, pool)
    }
    return pool
  }

  #create(purpose: string): AnyPool {
    const origin = this.#origin
    return Pool.over({
      ...(origin.tryAcquire && { tryAcquire: () => origin.tryAcquire?.(purpose) }),
      acquire: () => origin.acquireConnection(purpose),
      release: (client, error) => {
        // It is what `acquire` gave.
        origin.releaseConnection(client as unknown as Connection, error)
      },
      stats() {
        const [first] = Object.values(origin.stats().databases)
        const { total = 0, closing = 0, idle = 0, max = 1 } = first ?? {}
        // As `pg.Pool`, which counts no client that is on its way out.
        return { total: total - closing, idle, max }
      },
    })
  }
}
