import { AsyncResource } from 'node:async_hooks'
import type { ClientBase } from 'pg'
import { systemClock, type Clock } from '../core/clock'
import { ConnectFailedError, ForeignConnectionError } from '../core/errors'
import { emitSafely, type CloseReason, type EventListener } from '../core/events'
import { systemRandom, type Random } from '../core/random'
import { cleanConnection, isClean, makeReadOnly } from './clean-connection'
import type { ConnectionSource } from './connection-target'
import type { Driver } from './driver'
import { openConnection } from './open-connection'
import { createPgDriver } from './pg-driver'
import { IdleSweeper } from './idle-sweeper'
import type { PoolContext } from './pool-context'
import { createPoolClosedError, createSaturatedError, createTimeoutError } from './pool-errors'
import { createEntry, summarize, whenClosed, whyRetire, type PoolEntry } from './pool-entry'
import { drawLifetimeMs, resolvePoolOptions, type ResolvedPoolOptions } from './pool-options'
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
 * clean-up are here, because those of `pg.Pool` lose waiters at close, hand out open transactions and let a waiter wait
 * for one particular connection. What it does not do: try a connection before lending it, back off after a failed connect,
 * cancel a query on the server when its connection is closed, or undo `SET` and advisory locks of a borrower.
 */
export class SimplePoolStrategy implements PoolStrategy {
  readonly kind: string = 'simple'
  readonly #name: string
  readonly #source: ConnectionSource
  readonly #clock: Clock
  readonly #random: Random
  readonly #onEvent: EventListener | undefined
  readonly #driver: Driver
  readonly #queue: WaitQueue<PooledConnection, AcquireRequest>
  readonly #entries = new Set<PoolEntry>()
  /** The last given back comes first: the others get the chance to become superfluous. */
  readonly #idle: PoolEntry[] = []
  readonly #leases = new Map<PooledConnection, PoolEntry>()
  readonly #openings = new Set<Promise<void>>()
  /** Connections are opened in the pool's own async context, not in that of the borrower who happened to need one. */
  readonly #scope = new AsyncResource('pgferry.pool')
  readonly #sweeper: IdleSweeper
  #options: ResolvedPoolOptions
  #generation = 0
  #lastId = 0
  #lastConnectError: ConnectFailedError | undefined
  #closing: Promise<void> | undefined

  constructor(options: SimplePoolOptions, deps: Partial<SimplePoolDeps> = {}) {
    this.#name = options.name ?? 'default'
    this.#source = options.connection
    this.#options = resolvePoolOptions(options.pool)
    this.#clock = deps.clock ?? systemClock
    this.#random = deps.random ?? systemRandom
    this.#onEvent = deps.onEvent
    this.#driver =
      deps.driver ?? createPgDriver({ clock: this.#clock, connectTimeoutMs: this.#options.connectTimeoutMs })
    this.#queue = new WaitQueue(this.#clock)
    const nextDueAtMs = (): number => Math.min(...this.#idle.map((entry) => this.#dueAtMs(entry)))
    this.#sweeper = new IdleSweeper(this.#clock, nextDueAtMs, () => {
      this.#sweep()
    })
  }

  acquire(request: AcquireRequest): Promise<PooledConnection> {
    const { signal, timeoutMs = this.#options.acquireTimeoutMs } = request
    if (this.#closing !== undefined) return Promise.reject(createPoolClosedError(this.#name))
    if (signal?.aborted === true) return Promise.reject(createAbortError(signal))
    if (this.#isSaturated())
      return Promise.reject(createSaturatedError(this.#name, this.stats(), this.#options.maxWaiting))
    const onTimeout = (): Error =>
      createTimeoutError({
        pool: this.#name,
        purpose: request.purpose,
        timeoutMs,
        stats: this.stats(),
        lastConnectError: this.#lastConnectError,
      })
    const promise = this.#queue.wait(request, { timeoutMs, onTimeout, signal })
    this.#serve()
    return promise
  }

  release(connection: PooledConnection, outcome: ReleaseOutcome): void {
    const entry = this.#leases.get(connection)
    if (entry === undefined || entry.state.kind !== 'leased') {
      throw new ForeignConnectionError(
        `the connection is not out of pool '${this.#name}'; it was not given back`,
      )
    }
    this.#leases.delete(connection)
    if (outcome === 'discard') this.#close(entry, entry.isBroken ? 'failed' : 'discarded')
    else this.#takeBack(entry, entry.state.request)
  }

  stats(): PoolStats {
    return summarize(this.#entries, this.#openings.size, this.#queue.length, this.#options.max)
  }

  resize(limits: PoolLimits): void {
    const { max = this.#options.max, min = Math.min(this.#options.min, max) } = limits
    this.#options = resolvePoolOptions({ ...this.#options, max, min })
    this.#closeIdle(this.stats().total - max, 'surplus')
    this.#serve()
  }

  async drain(reason: string): Promise<void> {
    this.#generation++
    const old = [...this.#entries].map(
      (entry) => new Promise<void>((resolve) => entry.onClosed.push(resolve)),
    )
    const opened = [...this.#openings]
    this.#closeIdle(this.#idle.length, 'drained')
    await Promise.all([...old, ...opened])
    // What was being opened arrived in the old generation and is on its way out.
    await Promise.all([...this.#entries].filter((entry) => entry.state.kind === 'closing').map(whenClosed))
    emitSafely(this.#onEvent, { kind: 'pool-drained', pool: this.#name, reason })
  }

  async trimIdle(count: number): Promise<number> {
    const closed = this.#closeIdle(count, 'surplus').map(whenClosed)
    await Promise.all(closed)
    return closed.length
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    // Callers are told in their own time: `close()` has returned its promise by then.
    await Promise.resolve()
    this.#queue.rejectAll(() => createPoolClosedError(this.#name))
    this.#sweeper.stop()
    this.#closeIdle(this.#idle.length, 'closed')
    while (this.#openings.size > 0 || this.#entries.size > 0) {
      await Promise.all([...this.#openings, ...[...this.#entries].map(whenClosed)])
    }
    await this.#driver.end()
  }

  /** Gives idle connections to waiting callers in order, then opens as many as callers still lack. */
  #serve(): void {
    while (this.#queue.length > 0) {
      const entry = this.#takeIdle()
      if (entry === undefined) break
      const next = this.#queue.shift()
      if (next !== undefined) this.#lend(entry, next.waiter, next.request)
    }
    if (this.#closing !== undefined) return
    let lacking = Math.min(this.#queue.length - this.#openings.size, this.#room())
    while (lacking-- > 0) this.#open()
  }

  /** Connections that may still be opened. One that is being closed counts: the server has it until it is gone. */
  #room(): number {
    return this.#options.max - this.#entries.size - this.#openings.size
  }

  #isSaturated(): boolean {
    const served = this.#idle.length + this.#openings.size + Math.max(0, this.#room())
    return this.#queue.length >= served + this.#options.maxWaiting
  }

  #takeIdle(): PoolEntry | undefined {
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      const reason = this.#reasonToClose(entry)
      if (reason === undefined) return entry
      this.#close(entry, reason)
    }
    return undefined
  }

  #lend(entry: PoolEntry, waiter: Waiter<PooledConnection>, request: AcquireRequest): void {
    entry.uses++
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
      await makeReadOnly(entry.client, this.#context())
    } catch (cause) {
      this.#close(entry, 'failed')
      waiter.reject(new ConnectFailedError('could not make the session read-only', { cause }))
      return
    }
    this.#handOver(entry, waiter, request)
  }

  #handOver(entry: PoolEntry, waiter: Waiter<PooledConnection>, request: AcquireRequest): void {
    // Closed while the session was being made read-only.
    if (this.#closing !== undefined) waiter.reject(createPoolClosedError(this.#name))
    const connection: PooledConnection = { client: entry.client, id: entry.id }
    this.#leases.set(connection, entry)
    if (waiter.resolve(connection)) return
    // The caller has gone meanwhile; the connection is as good as before.
    this.#leases.delete(connection)
    this.#takeBack(entry, request)
  }

  /** Cleaned even when it is to be closed then: a COMMIT that nobody awaited must not be cut off. */
  #takeBack(entry: PoolEntry, request: AcquireRequest): void {
    if (this.#isBroken(entry)) {
      this.#close(entry, 'failed')
    } else if (isClean(this.#driver, entry.client, request)) {
      this.#park(entry)
    } else {
      entry.state = { kind: 'resetting' }
      void this.#clean(entry, request)
    }
  }

  #context(): PoolContext {
    return { driver: this.#driver, clock: this.#clock, onEvent: this.#onEvent, options: this.#options }
  }

  #isBroken(entry: PoolEntry): boolean {
    return entry.isBroken || this.#driver.activity(entry.client) === 'ended'
  }

  async #clean(entry: PoolEntry, request: AcquireRequest): Promise<void> {
    const isKept = await cleanConnection(entry.client, request, this.#context())
    if (isKept) this.#park(entry)
    else this.#close(entry, 'failed')
  }

  /** Puts a clean connection among the idle ones, or closes it when it has served its time. */
  #park(entry: PoolEntry): void {
    const reason = this.#reasonToClose(entry)
    if (reason !== undefined) {
      this.#close(entry, reason)
      return
    }
    entry.state = { kind: 'idle', sinceMs: this.#clock.now() }
    this.#idle.push(entry)
    this.#serve()
    this.#sweeper.schedule()
  }

  #reasonToClose(entry: PoolEntry): CloseReason | undefined {
    if (this.#isBroken(entry)) return 'failed'
    if (this.#closing !== undefined) return 'closed'
    const { maxUses, max } = this.#options
    const nowMs = this.#clock.now()
    return whyRetire(entry, {
      generation: this.#generation,
      nowMs,
      maxUses,
      isOverMax: this.stats().total > max,
    })
  }

  #closeIdle(count: number, reason: CloseReason): PoolEntry[] {
    const chosen = this.#idle.splice(0, Math.max(0, count))
    for (const entry of chosen) this.#close(entry, reason)
    return chosen
  }

  #close(entry: PoolEntry, reason: CloseReason): void {
    if (entry.state.kind === 'closing') return
    const position = this.#idle.indexOf(entry)
    if (position >= 0) this.#idle.splice(position, 1)
    entry.state = { kind: 'closing', reason }
    void this.#driver.close(entry.client).then(() => {
      this.#entries.delete(entry)
      emitSafely(this.#onEvent, { kind: 'connection-closed', pool: this.#name, reason })
      for (const onClosed of entry.onClosed) onClosed()
      this.#serve()
    })
  }

  #open(): void {
    const generation = this.#generation
    const opening = this.#scope
      .runInAsyncScope(() => openConnection(this.#source, this.#context()))
      .then(
        (client) => {
          this.#openings.delete(opening)
          this.#onOpened(client, generation)
        },
        (error: unknown) => {
          this.#openings.delete(opening)
          this.#onOpenFailed(error as ConnectFailedError)
        },
      )
    this.#openings.add(opening)
  }

  #onOpened(client: ClientBase, generation: number): void {
    const expiresAtMs = this.#clock.now() + drawLifetimeMs(this.#options, this.#random)
    const entry = createEntry({ client, id: ++this.#lastId, generation, expiresAtMs })
    this.#entries.add(entry)
    client.on('error', (error) => {
      this.#onBroken(entry, error)
    })
    client.on('end', () => {
      this.#onBroken(entry, new Error('the server closed the connection'))
    })
    this.#lastConnectError = undefined
    emitSafely(this.#onEvent, { kind: 'connection-opened', pool: this.#name })
    this.#park(entry)
  }

  /** One caller learns of each failed attempt; the attempts of the others go on. */
  #onOpenFailed(error: ConnectFailedError): void {
    this.#lastConnectError = error
    emitSafely(this.#onEvent, { kind: 'connection-failed', pool: this.#name, error })
    this.#queue.shift()?.waiter.reject(error)
    this.#serve()
  }

  #onBroken(entry: PoolEntry, error: unknown): void {
    entry.isBroken = true
    if (entry.state.kind !== 'idle') return
    emitSafely(this.#onEvent, { kind: 'connection-failed', pool: this.#name, error })
    this.#close(entry, 'failed')
  }

  #dueAtMs(entry: PoolEntry): number {
    const { idleTimeoutMs, min } = this.#options
    const { state, expiresAtMs } = entry
    if (idleTimeoutMs === 0 || this.stats().total <= min || state.kind !== 'idle') return expiresAtMs
    return Math.min(expiresAtMs, state.sinceMs + idleTimeoutMs)
  }

  #sweep(): void {
    const now = this.#clock.now()
    for (const entry of [...this.#idle]) {
      if (entry.expiresAtMs <= now) this.#close(entry, 'expired')
      else if (this.#dueAtMs(entry) <= now) this.#close(entry, 'idle')
    }
  }
}
