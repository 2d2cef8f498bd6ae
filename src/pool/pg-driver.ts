import { Client, Pool, type ClientBase, type ClientConfig } from 'pg'
import type { Clock } from '../core/clock'
import type { Driver } from './driver'
import { activityOf, ignoreError, transactionStateOf } from './pg-client-state'

/** What closing a client by force reaches for. */
interface ClientInternals {
  readonly connection?: { readonly stream?: { destroy(): void } }
}

/** What `pg.Pool` puts on a client that it hands out. */
type PooledBase = ClientBase & { release(isDestroyed: boolean): void }

/** After this time a server that does not answer our goodbye is left without one. */
const closeGraceMs = 1_000

export interface PgDriverOptions {
  readonly clock: Clock
  /** Milliseconds for one connection, by real time: `pg.Pool` keeps this deadline. */
  readonly connectTimeoutMs: number
}

/** The driver on `pg.Pool`: the pool opens, counts and closes; a client stays checked out of it for its whole life. */
export function createPgDriver({ clock, connectTimeoutMs }: PgDriverOptions): Driver {
  // `pg.Pool` makes its client synchronously inside `connect()`, which is what lets each connection have a config of its own.
  let nextConfig: ClientConfig = {}
  class PooledClient extends Client {
    constructor() {
      super(nextConfig)
      this.on('error', ignoreError)
    }
  }
  const pool = new Pool({
    Client: PooledClient,
    max: Number.MAX_SAFE_INTEGER,
    connectionTimeoutMillis: connectTimeoutMs,
  })
  pool.on('error', ignoreError)

  return {
    open(config) {
      nextConfig = config
      try {
        return pool.connect()
      } finally {
        nextConfig = {}
      }
    },
    activity: activityOf,
    transactionState: transactionStateOf,
    close: (client) => closeClient(pool, client as PooledBase, clock),
    end: () => pool.end(),
  }
}

function closeClient(pool: Pool, client: PooledBase, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const force = clock.setTimer(() => {
      ;(client as ClientInternals).connection?.stream?.destroy()
    }, closeGraceMs)
    const onRemove = (removed: ClientBase): void => {
      if (removed !== client) return
      clock.clearTimer(force)
      pool.removeListener('remove', onRemove)
      resolve()
    }
    pool.setMaxListeners(0)
    pool.on('remove', onRemove)
    client.release(true)
  })
}

/** The class that a borrower may expect a connection to be an instance of. */
export const PgClient = Client
