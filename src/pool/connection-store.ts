import { AsyncResource } from 'node:async_hooks'
import type { ClientBase } from 'pg'
import type { ConnectFailedError } from '../core/errors'
import { emitSafely, type CloseReason } from '../core/events'
import type { Random } from '../core/random'
import type { ConnectionSource } from './connection-target'
import { IdleSweeper } from './idle-sweeper'
import { openConnection } from './open-connection'
import type { PoolContext } from './pool-context'
import { createEntry, isLost, summarize, whenClosed, whyRetire, type PoolEntry } from './pool-entry'
import { drawLifetimeMs } from './pool-options'
import type { PoolStats } from './pool-strategy'

export interface ConnectionStoreDeps {
  readonly source: ConnectionSource
  readonly random: Random
  /** A connection has arrived; it counts as resetting until it is added to the idle ones or closed. */
  readonly onOpened: (entry: PoolEntry) => void
  readonly onOpenFailed: (error: ConnectFailedError) => void
  /** A connection is gone: there is room for one more. */
  readonly onClosed: () => void
}

/**
 * The physical connections of one pool: opens them, keeps the idle ones, notices the broken ones, closes what has served its
 * time. It knows nothing of borrowers and their queue.
 */
export class ConnectionStore {
  readonly #context: PoolContext
  readonly #deps: ConnectionStoreDeps
  readonly #entries = new Set<PoolEntry>()
  /** The last given back comes first: the others get the chance to become superfluous. */
  readonly #idle: PoolEntry[] = []
  readonly #openings = new Set<Promise<void>>()
  /** Connections are opened in the pool's own async context, not in that of the borrower who happened to need one. */
  readonly #scope = new AsyncResource('pgferry.pool')
  readonly #sweeper: IdleSweeper
  #generation = 0
  #lastId = 0
  #lastConnectError: ConnectFailedError | undefined
  #isClosed = false

  constructor(context: PoolContext, deps: ConnectionStoreDeps) {
    this.#context = context
    this.#deps = deps
    const nextDueAtMs = (): number => Math.min(...this.#idle.map((entry) => this.#dueAtMs(entry)))
    this.#sweeper = new IdleSweeper(context.clock, nextDueAtMs, () => {
      this.#sweep()
    })
  }

  get idleCount(): number {
    return this.#idle.length
  }

  get openingCount(): number {
    return this.#openings.size
  }

  /** Connections that may still be opened. One that is being closed counts: the server has it until it is gone. */
  get room(): number {
    return this.#context.options.max - this.#entries.size - this.#openings.size
  }

  /** Connections that count for `min` and for what is too much: all but those that are on their way out. */
  get keptCount(): number {
    const { total, closing } = this.stats(0)
    return total - closing
  }

  /** Why the last attempt to connect failed, unless one has succeeded since. */
  get lastConnectError(): ConnectFailedError | undefined {
    return this.#lastConnectError
  }

  stats(waiting: number): PoolStats {
    return summarize(this.#entries, this.#openings.size, waiting, this.#context.options.max)
  }

  /** Starts to open one connection; the caller has seen that there is room. */
  open(): void {
    const generation = this.#generation
    const opening = this.#scope
      .runInAsyncScope(() => openConnection(this.#deps.source, this.#context))
      .then(
        (client) => {
          this.#openings.delete(opening)
          this.#admit(client, generation)
        },
        (error: unknown) => {
          this.#openings.delete(opening)
          this.#fail(error as ConnectFailedError)
        },
      )
    this.#openings.add(opening)
  }

  /** Takes out the connection that became idle last; those that may not be lent any more are closed on the way. */
  takeIdle(): PoolEntry | undefined {
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      const reason = this.whyClose(entry)
      if (reason === undefined) return entry
      this.close(entry, reason)
    }
    return undefined
  }

  /** Keeps a clean connection for the next borrower. */
  addIdle(entry: PoolEntry): void {
    entry.state = { kind: 'idle', sinceMs: this.#context.clock.now() }
    this.#idle.push(entry)
  }

  /** Sees to it that what stays idle is closed in its time. */
  scheduleSweep(): void {
    this.#sweeper.schedule()
  }

  /** Why a connection may not be lent any more, if it may not. */
  whyClose(entry: PoolEntry): CloseReason | undefined {
    if (isLost(entry, this.#context.driver)) return 'failed'
    if (this.#isClosed) return 'closed'
    const { maxUses, max } = this.#context.options
    const nowMs = this.#context.clock.now()
    // The sizes are an upper bound that costs nothing; only a pool that was made smaller is counted.
    const isOverMax = this.#entries.size + this.#openings.size > max && this.keptCount > max
    return whyRetire(entry, { generation: this.#generation, nowMs, maxUses, isOverMax })
  }

  /** Closes a connection wherever it is; a second call does nothing. */
  close(entry: PoolEntry, reason: CloseReason): void {
    if (entry.state.kind === 'closing') return
    const position = this.#idle.indexOf(entry)
    if (position >= 0) this.#idle.splice(position, 1)
    entry.state = { kind: 'closing', reason }
    const { driver, name, onEvent } = this.#context
    void driver.close(entry.client).then(() => {
      this.#entries.delete(entry)
      emitSafely(onEvent, { kind: 'connection-closed', pool: name, reason })
      for (const onClosed of entry.onClosed) onClosed()
      this.#deps.onClosed()
    })
  }

  /** Closes up to `count` idle connections, the longest idle first, and returns them. */
  closeIdle(count: number, reason: CloseReason): PoolEntry[] {
    const chosen = this.#idle.splice(0, Math.max(0, count))
    for (const entry of chosen) this.close(entry, reason)
    return chosen
  }

  /** Starts a new generation; resolves when every connection of the old ones is closed. */
  async drain(): Promise<void> {
    this.#generation++
    const old = [...this.#entries].map(whenClosed)
    const opened = [...this.#openings]
    this.closeIdle(this.#idle.length, 'drained')
    await Promise.all([...old, ...opened])
    // What was being opened arrived in the old generation and is on its way out.
    await Promise.all([...this.#entries].filter((entry) => entry.state.kind === 'closing').map(whenClosed))
  }

  /** Keeps nothing from now on; resolves when the last connection is closed and the driver has ended. */
  async closeAll(): Promise<void> {
    this.#isClosed = true
    this.#sweeper.stop()
    this.closeIdle(this.#idle.length, 'closed')
    while (this.#openings.size > 0 || this.#entries.size > 0) {
      await Promise.all([...this.#openings, ...[...this.#entries].map(whenClosed)])
    }
    await this.#context.driver.end()
  }

  #admit(client: ClientBase, generation: number): void {
    const { name, clock, onEvent, options } = this.#context
    const expiresAtMs = clock.now() + drawLifetimeMs(options, this.#deps.random)
    const entry = createEntry({ client, id: ++this.#lastId, generation, expiresAtMs })
    this.#entries.add(entry)
    client.on('error', (error) => {
      this.#markBroken(entry, error)
    })
    client.on('end', () => {
      this.#markBroken(entry, new Error('the server closed the connection'))
    })
    this.#lastConnectError = undefined
    emitSafely(onEvent, { kind: 'connection-opened', pool: name })
    this.#deps.onOpened(entry)
  }

  #fail(error: ConnectFailedError): void {
    this.#lastConnectError = error
    emitSafely(this.#context.onEvent, { kind: 'connection-failed', pool: this.#context.name, error })
    this.#deps.onOpenFailed(error)
  }

  /** A borrower learns it from its own query; an idle connection has nobody else to notice. */
  #markBroken(entry: PoolEntry, error: unknown): void {
    entry.isBroken = true
    if (entry.state.kind !== 'idle') return
    emitSafely(this.#context.onEvent, { kind: 'connection-failed', pool: this.#context.name, error })
    this.close(entry, 'failed')
  }

  #dueAtMs(entry: PoolEntry): number {
    const { idleTimeoutMs, min } = this.#context.options
    const { state, expiresAtMs } = entry
    if (idleTimeoutMs === 0 || this.keptCount <= min || state.kind !== 'idle') return expiresAtMs
    return Math.min(expiresAtMs, state.sinceMs + idleTimeoutMs)
  }

  #sweep(): void {
    const now = this.#context.clock.now()
    for (const entry of [...this.#idle]) {
      if (entry.expiresAtMs <= now) this.close(entry, 'expired')
      else if (this.#dueAtMs(entry) <= now) this.close(entry, 'idle')
    }
  }
}
