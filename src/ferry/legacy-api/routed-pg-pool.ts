import type { Pool, PoolClient, QueryResult } from 'pg'
import type { ScopedConnection } from '../../core/connection'
import { observeLeaseEnd } from '../../core/connection-handle'
import { PgPool } from '../../pool/pg-driver-pool'
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

  async #checkOut(): Promise<ScopedConnection> {
    if (this.ending) throw new Error('Cannot use a pool after calling end on the pool')
    this.#pendingCount += 1
    try {
      const client = await this.#router.acquire()
      this.#leasedCount += 1
      this.#announce(client)
      return client
    } finally {
      this.#pendingCount -= 1
      this.#settleEnd()
    }
  }

  async #queryOnce(args: unknown[]): Promise<QueryResult> {
    if (typeof args[0] === 'undefined')
      throw new TypeError('the first argument of query() must be a statement')
    const client = await this.#checkOut()
    try {
      return await (client.query as unknown as AnyQuery).apply(client, args)
    } finally {
      client.release()
    }
  }

  #announce(client: ScopedConnection): void {
    // All handles of one physical connection have one prototype.
    const identity = Object.getPrototypeOf(client) as object
    if (!this.#seen.has(identity)) {
      this.#seen.add(identity)
      this.emit('connect', client)
    }
    this.emit('acquire', client)
    observeLeaseEnd(client, ({ discard, error }) => {
      this.#leasedCount -= 1
      this.emit('release', error, client)
      if (discard) this.emit('remove', client)
      this.#settleEnd()
    })
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

/** A callback's own error is its caller's: it must not turn into a rejection of ours. */
function callOutside<A extends unknown[]>(callback: (...args: A) => void, ...args: A): void {
  process.nextTick(() => {
    callback(...args)
  })
}

function ignore(): void {
  // There is nothing to release.
}
