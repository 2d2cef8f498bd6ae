import type { Pool, PoolClient } from 'pg'
import { systemClock } from '../../core/clock'
import { InvalidOptionError } from '../../core/errors'
import { boundedAcquire } from './bounded-acquire'
import type { BackendOptions, BackendLease, LegacyBackend } from './legacy-backend'

/**
 * The legacy side as a `pg.Pool`. The pool stays the caller's: closing the ferry does not end it.
 *
 * @throws InvalidOptionError when `pool` has no `connect()`.
 * @example
 * const legacy = fromPgPool(new Pool({ connectionString }))
 */
export function fromPgPool(pool: Pool, options: Pick<BackendOptions, 'clock'> = {}): LegacyBackend {
  if (typeof (pool as Partial<Pool> | undefined)?.connect !== 'function') {
    throw new InvalidOptionError('fromPgPool(pool)', pool, 'a pg.Pool (it has connect())')
  }
  const clock = options.clock ?? systemClock
  const sockets = new SocketCount(pool)
  const { max } = pool.options as { max?: number }
  return {
    kind: 'pg.Pool',
    ...(max === undefined ? {} : { maxConnections: max }),
    acquire: (request) =>
      boundedAcquire('pg.Pool', async () => toLease(await pool.connect()), request, clock),
    connectionCount: () => sockets.open(),
    // A caller in the queue has an idle connection promised to it already.
    idleCount: () => Math.max(0, pool.idleCount - pool.waitingCount),
    openingCount: () => sockets.opening(),
    trimIdle: (count) => trimIdle(pool, sockets, count),
    close: () => pool.end(),
  }
}

function toLease(client: PoolClient): BackendLease {
  // The pool puts a new `release` on the client for each checkout; this one belongs to this lease.
  const release = client.release.bind(client)
  let lost: Error | undefined
  const onError = (error: Error): void => {
    lost = error
  }
  // Without a listener a connection that dies while it is out would end the process.
  client.on('error', onError)
  return {
    client,
    release(error) {
      client.removeListener('error', onError)
      const reason = error ?? lost
      release(reason instanceof Error ? reason : Boolean(reason))
    },
  }
}

/** Counts sockets, which the pool's own counters do not: a client that is closing has left `totalCount` already. */
class SocketCount {
  readonly #connected = new Set<object>()
  readonly #closing = new Map<object, () => void>()

  constructor(readonly pool: Pool) {
    for (const client of poolClients(pool)) {
      if ((client as { _connected?: boolean })._connected === true) this.#connected.add(client)
    }
    pool.on('connect', (client) => this.#connected.add(client))
    pool.on('remove', (client) => {
      this.#connected.delete(client)
      this.#closing.get(client)?.()
      this.#closing.delete(client)
    })
  }

  /** Resolves when the pool has told that the socket of `client` is closed. */
  closed(client: object): Promise<void> {
    return new Promise((resolve) => this.#closing.set(client, resolve))
  }

  /** Connected ones, those that are closing, and those that are opening. */
  open(): number {
    return this.#connected.size + this.opening()
  }

  opening(): number {
    return poolClients(this.pool).filter((client) => !this.#connected.has(client)).length
  }
}

/** `pg.Pool` keeps its clients here in every version since 2.0; there is no public list of them. */
function poolClients(pool: Pool): readonly object[] {
  return (pool as unknown as { _clients?: readonly object[] })._clients ?? []
}

/** Takes idle connections out in the order in which the pool hands them out, and has the pool close them. */
async function trimIdle(pool: Pool, sockets: SocketCount, count: number): Promise<number> {
  const free = Math.max(0, Math.min(count, pool.idleCount - pool.waitingCount))
  const closed = await Promise.all(Array.from({ length: free }, () => closeIdle(pool, sockets)))
  return closed.filter(Boolean).length
}

async function closeIdle(pool: Pool, sockets: SocketCount): Promise<boolean> {
  const client = await pool.connect().catch(() => undefined) // The pool ended meanwhile: nothing is left to close.
  if (client === undefined) return false
  const closed = sockets.closed(client)
  client.release(true)
  await closed
  return true
}
