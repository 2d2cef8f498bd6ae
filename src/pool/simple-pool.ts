import { systemClock } from '../core/clock'
import { ConnectFailedError, ForeignConnectionError } from '../core/errors'
import { emitSafely } from '../core/events'
import { systemRandom } from '../core/random'
import { cleanConnection, isClean, makeReadOnly } from './clean-connection'
import { ConnectionStore } from './connection-store'
import { createPgDriver } from './pg-driver'
import type { PoolContext } from './pool-context'
import { isLost, whenClosed, type PoolEntry } from './pool-entry'
import { createPoolClosedError, createSaturatedError, createTimeoutError } from './pool-errors'
import { resolvePoolOptions } from './pool-options'
import type {
  AcquireRequest,
  PooledConnection,
  PoolLimits,
  PoolStats,
  PoolStrategy,
  ReleaseOutcome,
} from './pool-strategy'
import type { SimplePoolDeps, SimplePoolOptions } from './simple-pool-options'
import { createAbortError, WaitQueue, type Waiter } from './wait-queue'

/**
 * One pool on `pg.Pool`, to one database. `pg.Pool` opens, counts and closes the connections. Queue, idle list, limits and
 * clean-up are ours, because those of `pg.Pool` lose waiters at close, hand out open transactions and let a waiter wait
 * for one particular connection. What it does not do: try a connection before lending it, back off after a failed connect,
 * cancel a query on the server when its connection is closed, or undo what a borrower did to the session: `SET`, `LISTEN`,
 * temporary tables and advisory locks survive give-back.
 *
 * Here is the way of a connection from one borrower to the next; its life from open to close is in `ConnectionStore`.
 */
export class SimplePoolStrategy implements PoolStrategy {
  readonly kind: string = 'simple'
  readonly #context: PoolContext
  readonly #store: ConnectionStore
  readonly #queue: WaitQueue<PooledConnection, AcquireRequest>
  readonly #leases = new Map<PooledConnection, PoolEntry>()
  #closing: Promise<void> | undefined

  constructor(poolOptions: SimplePoolOptions, deps: Partial<SimplePoolDeps> = {}) {
    const { clock = systemClock, random = systemRandom, onEvent } = deps
    const { name = 'default', connection: source } = poolOptions
    const options = resolvePoolOptions(poolOptions.pool)
    const { connectTimeoutMs } = options
    const driver = deps.driver ?? createPgDriver({ clock, connectTimeoutMs })
    this.#context = { name, driver, clock, onEvent, owner: this, options }
    this.#queue = new WaitQueue(clock)
    this.#store = new ConnectionStore(this.#context, {
      source,
      random,
      onOpened: (entry) => {
        this.#park(entry)
      },
      onOpenFailed: (error) => {
        this.#rejectNext(error)
      },
      onClosed: () => {
        this.#serve()
      },
    })
  }

  acquire(request: AcquireRequest): Promise<PooledConnection> {
    const { name, options } = this.#context
    const { signal, timeoutMs = options.acquireTimeoutMs, purpose } = request
    if (this.#closing !== undefined) return Promise.reject(createPoolClosedError(name))
    if (signal?.aborted === true) return Promise.reject(createAbortError(signal))
    if (this.#queue.length === 0 && request.readOnly !== true) {
      // Nobody is in front: with an idle connection there is no wait, so no place in the queue and no timer either.
      const entry = this.#store.takeIdle()
      if (entry !== undefined) return Promise.resolve(this.#lease(entry, request))
    }
    if (this.#isSaturated()) {
      return Promise.reject(createSaturatedError(name, this.stats(), options.maxWaiting))
    }
    const onTimeout = (): Error => {
      const { lastConnectError } = this.#store
      return createTimeoutError({ pool: name, purpose, timeoutMs, stats: this.stats(), lastConnectError })
    }
    const promise = this.#queue.wait(request, { timeoutMs, onTimeout, signal })
    this.#serve()
    return promise
  }

  release(connection: PooledConnection, outcome: ReleaseOutcome): void {
    const entry = this.#leases.get(connection)
    if (entry === undefined || entry.state.kind !== 'leased') {
      throw new ForeignConnectionError(
        `the connection is not out of pool '${this.#context.name}'; it was not given back`,
      )
    }
    this.#leases.delete(connection)
    if (outcome === 'discard') this.#store.close(entry, entry.isBroken ? 'failed' : 'discarded')
    else this.#takeBack(entry, entry.state.request)
  }

  stats(): PoolStats {
    return this.#store.stats(this.#queue.length)
  }

  resize(limits: PoolLimits): void {
    const { options } = this.#context
    const { max = options.max, min = Math.min(options.min, max) } = limits
    this.#context.options = resolvePoolOptions({ ...options, max, min })
    this.#store.closeIdle(this.#store.keptCount - max, 'surplus')
    this.#serve()
  }

  async drain(reason: string): Promise<void> {
    await this.#store.drain()
    emitSafely(this.#context.onEvent, { kind: 'pool-drained', pool: this.#context.name, reason })
  }

  async trimIdle(count: number): Promise<number> {
    const closed = this.#store.closeIdle(count, 'surplus').map(whenClosed)
    await Promise.all(closed)
    return closed.length
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    const allClosed = this.#store.closeAll()
    // Callers are told in their own time: `close()` has returned its promise by then.
    await Promise.resolve()
    this.#queue.rejectAll(() => createPoolClosedError(this.#context.name))
    await allClosed
  }

  /** Gives idle connections to waiting callers in order, then opens as many as callers still lack. */
  #serve(): void {
    while (this.#queue.length > 0) {
      const entry = this.#store.takeIdle()
      if (entry === undefined) break
      const next = this.#queue.shift()
      if (next !== undefined) this.#lend(entry, next.waiter, next.request)
    }
    if (this.#closing !== undefined) return
    let lacking = Math.min(this.#queue.length - this.#store.openingCount, this.#store.room)
    while (lacking-- > 0) this.#store.open()
  }

  #isSaturated(): boolean {
    const { idleCount, openingCount, room } = this.#store
    const served = idleCount + openingCount + Math.max(0, room)
    return this.#queue.length >= served + this.#context.options.maxWaiting
  }

  #lend(entry: PoolEntry, waiter: Waiter<PooledConnection>, request: AcquireRequest): void {
    entry.state = { kind: 'leased', request }
    if (request.readOnly === true) void this.#lendReadOnly(entry, waiter, request)
    else this.#handOver(entry, waiter, request)
  }

  async #lendReadOnly(
    entry: PoolEntry,
    waiter: Waiter<PooledConnection>,
    request: AcquireRequest,
  ): Promise<void> {
    try {
      await makeReadOnly(entry.client, this.#context)
    } catch (cause) {
      this.#store.close(entry, 'failed')
      waiter.reject(new ConnectFailedError('could not make the session read-only', { cause }))
      return
    }
    this.#handOver(entry, waiter, request)
  }

  #lease(entry: PoolEntry, request: AcquireRequest): PooledConnection {
    const connection: PooledConnection = { client: entry.client, id: entry.id }
    entry.uses++
    entry.state = { kind: 'leased', request }
    this.#leases.set(connection, entry)
    return connection
  }

  #handOver(entry: PoolEntry, waiter: Waiter<PooledConnection>, request: AcquireRequest): void {
    // Closed while the session was being made read-only.
    if (this.#closing !== undefined) waiter.reject(createPoolClosedError(this.#context.name))
    const connection = this.#lease(entry, request)
    if (waiter.resolve(connection)) return
    // The caller has gone meanwhile; the connection is as good as before.
    this.#leases.delete(connection)
    this.#takeBack(entry, request)
  }

  /** Cleaned even when it is to be closed then: a COMMIT that nobody awaited must not be cut off. */
  #takeBack(entry: PoolEntry, request: AcquireRequest): void {
    const { driver } = this.#context
    if (isLost(entry, driver)) {
      this.#store.close(entry, 'failed')
    } else if (isClean(driver, entry.client, request)) {
      this.#park(entry)
    } else {
      entry.state = { kind: 'resetting' }
      void this.#clean(entry, request)
    }
  }

  async #clean(entry: PoolEntry, request: AcquireRequest): Promise<void> {
    const isKept = await cleanConnection(entry.client, request, this.#context)
    if (isKept) this.#park(entry)
    else this.#store.close(entry, 'failed')
  }

  /** Puts a clean connection among the idle ones, or closes it when it has served its time. */
  #park(entry: PoolEntry): void {
    const reason = this.#store.whyClose(entry)
    if (reason !== undefined) {
      this.#store.close(entry, reason)
      return
    }
    this.#store.addIdle(entry)
    this.#serve()
    this.#store.scheduleSweep()
  }

  /** One caller learns of each failed attempt; the attempts of the others go on. */
  #rejectNext(error: ConnectFailedError): void {
    this.#queue.shift()?.waiter.reject(error)
    this.#serve()
  }
}
