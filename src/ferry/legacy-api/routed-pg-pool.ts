import type { Pool, PoolClient, QueryResult } from 'pg'
import type { ScopedConnection } from '../../core/connection'
import { identityOf, isConnectionHandle, isLeaseEnded } from '../../core/connection-handle'
import { InvalidOptionError } from '../../core/errors'
import { PgPool, PgQuery } from '../../pool/pg-driver-pool'
import type { ComponentRouter } from '../routing/component-router'
import { plainRequest } from '../routing/side-port'
import { Checkouts, type CheckoutDesk } from './checkouts'

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  release: (error?: unknown) => void,
) => void
type QueryCallback = (error: Error | undefined, result: QueryResult | undefined) => void
type AnyQuery = (...args: unknown[]) => Promise<QueryResult>

/** Makes a component's face for `connect()`, `release()` and `query()` call sites: `instanceof pg.Pool`, routed by flag. */
export function createRoutedPgPool(router: ComponentRouter, max: number): Pool {
  return new RoutedPgPool(router, max)
}

/**
 * A `pg.Pool` without connections of its own: each checkout is a lease of the ferry. `connect` is emitted when a physical
 * connection is seen for the first time, `remove` when it was given back to be closed.
 */
class RoutedPgPool extends PgPool {
  readonly #router: ComponentRouter
  readonly #seen = new WeakSet()
  readonly #endWaiters: (() => void)[] = []
  #leasedCount = 0
  #pendingCount = 0
  readonly #desk: CheckoutDesk = {
    lent: () => {
      this.#pendingCount -= 1
      this.#leasedCount += 1
    },
    refused: () => {
      this.#pendingCount -= 1
      this.#settleEnd()
    },
    announce: (client) => {
      this.#announce(client)
    },
    returned: (client, { discard, error }) => {
      this.#leasedCount -= 1
      try {
        if (this.#isHeard('release')) this.emit('release', error, client)
        if (discard) this.emit('remove', client)
      } finally {
        this.#settleEnd()
      }
    },
  }

  readonly #checkouts = new Checkouts(this.#desk, false)
  readonly #heardCheckouts = new Checkouts(this.#desk, true)

  constructor(router: ComponentRouter, max: number) {
    super({ max })
    this.#router = router
    Object.defineProperties(this, {
      totalCount: { get: () => this.#leasedCount },
      // Idle connections are the sides' own affair: none of them belongs to this pool.
      idleCount: { get: () => 0 },
      waitingCount: { get: () => this.#pendingCount },
    })
  }

  override connect(): Promise<PoolClient>
  override connect(callback: ConnectCallback): void
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    if (callback === undefined) return this.#checkOut()
    callBack(this.#checkOut(), callback)
  }

  override query(...args: unknown[]): never {
    const callback = args.find((arg) => typeof arg === 'function') as QueryCallback | undefined
    const result = this.#queryOnce(args.filter((arg) => typeof arg !== 'function'))
    if (callback === undefined) return result as never
    result.then(
      (rows) => {
        callOutside(callback, undefined, rows)
      },
      (error: unknown) => {
        callOutside(callback, error as Error, undefined)
      },
    )
    return undefined as never
  }

  override end(): Promise<void>
  override end(callback: () => void): void
  override end(callback?: (error?: Error) => void): Promise<void> | void {
    const ended = this.#end()
    if (callback === undefined) return ended
    ended.then(
      () => {
        callOutside(callback)
      },
      (error: unknown) => {
        callOutside(callback, error as Error)
      },
    )
  }

  #checkOut(): Promise<ScopedConnection> {
    if (this.ending) return Promise.reject(new Error('Cannot use a pool after calling end on the pool'))
    this.#pendingCount += 1
    // Listeners hear of it in the context of its caller, who waits then; without any there is nothing to add to the wait.
    const isHeard = this.#isHeard('connect') || this.#isHeard('acquire')
    const checkouts = isHeard ? this.#heardCheckouts : this.#checkouts
    const taken = this.#router.take(plainRequest, checkouts)
    if (isHeard) return announceThen(taken, checkouts)
    return isConnectionHandle(taken) ? Promise.resolve(taken) : taken
  }

  async #queryOnce(args: unknown[]): Promise<QueryResult> {
    if (typeof args[0] === 'undefined')
      throw new TypeError('the first argument of query() must be a statement')
    if (!hasResult(args[0])) {
      const expected =
        'a statement, a config object or a pg.Query; a cursor or a stream needs a client of its own (connect())'
      throw new InvalidOptionError('pgPool.query(first argument)', args[0], expected)
    }
    const client = await this.#checkOut()
    try {
      return await runOn(client, args)
    } finally {
      if (!isLeaseEnded(client)) client.release()
    }
  }

  #announce(client: ScopedConnection): void {
    const identity = identityOf(client)
    if (!this.#seen.has(identity)) {
      this.#seen.add(identity)
      this.emit('connect', client)
    }
    if (this.#isHeard('acquire')) this.emit('acquire', client)
  }

  /** Most pools have no listener at all; node keeps that count for itself, and looking one up costs ten times as much. */
  #isHeard(event: 'connect' | 'acquire' | 'release'): boolean {
    const { _eventsCount: count } = this as unknown as { readonly _eventsCount?: number }
    return count !== 0 && this.listenerCount(event) > 0
  }

  async #end(): Promise<void> {
    if (this.ending) throw new Error('Called end on pool more than once')
    this.#mark('ending')
    this.#settleEnd()
    if (!this.ended) await new Promise<void>((resolve) => this.#endWaiters.push(resolve))
  }

  #settleEnd(): void {
    if (!this.ending || this.#leasedCount + this.#pendingCount > 0) return
    this.#mark('ended')
    for (const resolve of this.#endWaiters.splice(0)) resolve()
  }

  /** `pg.Pool` has these as plain fields; its types call them read-only. */
  #mark(field: 'ending' | 'ended'): void {
    ;(this as { -readonly [K in typeof field]: boolean })[field] = true
  }
}

/** Tells a callback instead of a promise. */
function callBack(checkout: Promise<ScopedConnection>, callback: ConnectCallback): void {
  checkout.then(
    (client) => {
      callOutside(callback, undefined, client, (error?: unknown) => {
        client.release(error as Error)
      })
    },
    (error: unknown) => {
      callOutside(callback, error as Error, undefined, ignore)
    },
  )
}

/** At once when there was no wait. */
async function announceThen(
  taken: ScopedConnection | Promise<ScopedConnection>,
  checkouts: Checkouts,
): Promise<ScopedConnection> {
  const client = isConnectionHandle(taken) ? taken : await taken
  checkouts.announce(client)
  return client
}

/** Whether its end can be awaited: true of text, configs and a `pg.Query` whose callback is still free. */
function hasResult(query: unknown): boolean {
  const { submit, callback } = query as { submit?: unknown; callback?: unknown }
  return typeof submit !== 'function' || (query instanceof PgQuery && callback === undefined)
}

function runOn(client: ScopedConnection, [first, ...rest]: unknown[]): Promise<QueryResult> {
  const send = client.query.bind(client) as unknown as AnyQuery
  if (!(first instanceof PgQuery)) return send(withoutCallback(first), ...rest)
  return new Promise((resolve, reject) => {
    // The only way in which a pg.Query tells its result.
    const callback = (error: Error | null, result: QueryResult): void => {
      if (error === null) resolve(result)
      else reject(error)
    }
    void send(Object.assign(first, { callback }))
  })
}

/** The pool answers by its own promise or callback, as pg.Pool does; with one inside the config the client would give none. */
function withoutCallback(query: unknown): unknown {
  if (typeof query !== 'object' || query === null || !('callback' in query)) return query
  return Object.assign(Object.create(query) as object, { callback: undefined })
}

/** A callback's own error is its caller's: it must not turn into a rejection of ours. */
function callOutside<A extends unknown[]>(callback: (...args: A) => void, ...args: A): void {
  process.nextTick(() => {
    callback(...args)
  })
}

function ignore(): void {
  // There is nothing to release.
}
