import type { Pool, PoolClient, QueryResult } from 'pg'
import type { ScopedConnection } from '../../core/connection'
import {
  endLease,
  identityOf,
  isConnectionHandle,
  isLeaseEnded,
  observeLeaseEnd,
} from '../../core/connection-handle'
import { InvalidOptionError } from '../../core/errors'
import type { LeaseEnd, LeaseObserver } from '../../core/lease'
import { rejectWith } from '../../core/reject-with'
import { PgPool, PgQuery } from '../../pool/pg-driver-pool'
import type { ComponentRouter } from '../routing/component-router'

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
  readonly #takeBack = (client: ScopedConnection, { discard, error }: LeaseEnd): void => {
    this.#leasedCount -= 1
    try {
      this.emit('release', error, client)
      if (discard) this.emit('remove', client)
    } finally {
      this.#settleEnd()
    }
  }
  #leasedCount = 0
  #pendingCount = 0

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
    const checkout = this.#checkOut()
    if (callback === undefined) return checkout
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
    const taken = this.#router.take()
    if (!isConnectionHandle(taken)) return this.#checkOutLater(taken)
    try {
      this.#lend(taken)
    } catch (error) {
      return rejectWith(error)
    }
    return Promise.resolve(taken)
  }

  #checkOutLater(taken: Promise<ScopedConnection>): Promise<ScopedConnection> {
    this.#pendingCount += 1
    return taken.then(
      (client) => {
        try {
          this.#lend(client)
          return client
        } finally {
          this.#noLongerPending()
        }
      },
      (error: unknown) => {
        this.#noLongerPending()
        throw error
      },
    )
  }

  #noLongerPending(): void {
    this.#pendingCount -= 1
    this.#settleEnd()
  }

  #lend(client: ScopedConnection): void {
    this.#leasedCount += 1
    try {
      this.#announce(client)
    } catch (error) {
      // A listener threw: nobody gets the connection, so nobody would give it back.
      endLease(client, error)
      throw error
    }
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
    observeLeaseEnd(client, new Checkout(client, this.#takeBack))
    const identity = identityOf(client)
    if (!this.#seen.has(identity)) {
      this.#seen.add(identity)
      this.emit('connect', client)
    }
    this.emit('acquire', client)
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

/** One client that is out; an object, because it is made for each checkout. */
class Checkout implements LeaseObserver {
  readonly #client: ScopedConnection
  readonly #onEnd: (client: ScopedConnection, end: LeaseEnd) => void

  constructor(client: ScopedConnection, onEnd: (client: ScopedConnection, end: LeaseEnd) => void) {
    this.#client = client
    this.#onEnd = onEnd
  }

  leaseEnded(end: LeaseEnd): void {
    this.#onEnd(this.#client, end)
  }
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
