import { Client, Pool, type ClientBase, type ClientConfig } from 'pg'
import type { Clock } from '../core/clock'
import type { ClientActivity, Driver, TransactionState } from './driver'

/** What we read of a client beyond its published types; all of it is set by `pg` 8.21 to 8.23. */
interface ClientInternals {
  readonly readyForQuery?: boolean
  readonly _activeQuery?: object | null
  readonly _queryQueue?: readonly unknown[]
  readonly _sentQueryQueue?: readonly unknown[]
  readonly _queryable?: boolean
  readonly _ending?: boolean
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

/** The strategy listens too and acts on it; this listener only keeps an early or late error from ending the process. */
function ignoreError(): void {
  // Nothing to do.
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

function activityOf(client: ClientBase): ClientActivity {
  const internals = client as ClientInternals
  if (internals._queryable === false || internals._ending === true) return 'ended'
  const queued = (internals._queryQueue?.length ?? 0) + (internals._sentQueryQueue?.length ?? 0)
  if (queued > 0 || (internals._activeQuery ?? null) !== null) return 'busy'
  return internals.readyForQuery === false ? 'settling' : 'ready'
}

function transactionStateOf(client: ClientBase): TransactionState {
  switch (client.getTransactionStatus()) {
    case 'I':
      return 'none'
    case 'T':
      return 'open'
    case 'E':
      return 'failed'
    case null:
      return 'unknown'
  }
}

/** The class that a borrower may expect a connection to be an instance of. */
export const PgClient = Client
