import type { ClientBase } from 'pg'
import type { Clock } from '../../core/clock'
import type { Connection } from '../../core/connection'
import type { QueryTracing } from '../../core/trace-query'
import { checkOptions, isBoolean, isCount, isDurationMs } from '../../core/options'

/** Durations in milliseconds. Defaults: {@link defaultOneShotOptions}. */
export interface OneShotOptions {
  /** Connections that statements share, at most. */
  readonly maxLanes?: number
  /** Statements on their way on one of them, at most. */
  readonly maxDepth?: number
  /** A further connection is taken when each has this many on its way, and one is idle in the pool. */
  readonly spreadDepth?: number
  /** A connection that had nothing to do for this long goes back to the pool. */
  readonly idleMs?: number
  /** While others wait for connections, one that is shared goes back after this time. */
  readonly turnMs?: number
  /** A shared connection goes back after this time in any case, so that the pool can renew it. */
  readonly maxHoldMs?: number
  /** A connection whose oldest statement has run for longer takes no more until it is answered. */
  readonly stallMs?: number
  /** How long a statement waits behind slow ones before it takes a connection of its own. */
  readonly patienceMs?: number
  /** How long a statement waits for a connection, when the call does not say. */
  readonly acquireTimeoutMs?: number
  /** Statements that may wait; one more is refused with `POOL_SATURATED`. */
  readonly maxWaiting?: number
  /** A text used more than once is kept by the server, parsed and planned; off behind poolers that mix sessions. */
  readonly prepare?: boolean
}

export type ResolvedOneShotOptions = Required<OneShotOptions>

/** What is done when nothing else was said; each value with its reason. */
export const defaultOneShotOptions: ResolvedOneShotOptions = Object.freeze({
  // Measured: the first two carry all that one process can send; the others are for when those are stalled.
  maxLanes: 4,
  maxDepth: 64,
  spreadDepth: 32,
  idleMs: 75,
  turnMs: 20,
  maxHoldMs: 10_000,
  // Longer than a fast statement takes; a further connection is cheap.
  stallMs: 5,
  patienceMs: 20,
  acquireTimeoutMs: 10_000,
  maxWaiting: 10_000,
  prepare: true,
})

/** @throws InvalidOptionError */
export function resolveOneShotOptions(options: OneShotOptions = {}): ResolvedOneShotOptions {
  checkOptions('oneShot', options, {
    maxLanes: isCount(1),
    maxDepth: isCount(1),
    spreadDepth: isCount(1),
    idleMs: isDurationMs(),
    turnMs: isDurationMs(),
    maxHoldMs: isDurationMs(1),
    stallMs: isDurationMs(1),
    patienceMs: isDurationMs(1),
    acquireTimeoutMs: isDurationMs(1),
    maxWaiting: isCount(0),
    prepare: isBoolean,
  })
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return Object.freeze({ ...defaultOneShotOptions, ...given })
}

/** A connection while it is shared. */
export interface LaneLease {
  readonly client: ClientBase
  /** What its statements are traced with; without it they are not. */
  readonly tracing?: QueryTracing
}

/** How a lease of one statement alone is asked for. */
export interface ExclusiveRequest {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** What sharing needs of its surroundings: ordinary leases of the pool, counted as such. */
export interface OneShotDeps {
  /** What a caller is told instead of `error`, who waits for a connection without a lease of its own. */
  readonly explain?: (error: unknown) => unknown
  readonly clock: Clock
  /** A connection to share; rejects as an acquire does. */
  lease(): Promise<LaneLease>
  /** The same when it need not wait. */
  tryLease?(): LaneLease | undefined
  giveBack(lease: LaneLease, outcome: 'reuse' | 'discard'): void
  /** Whether others wait for connections. */
  isContended(): boolean
  /** Runs `work` on a connection of its own, which goes back when its promise settles. */
  onLease(work: (connection: Connection) => Promise<unknown>, request: ExclusiveRequest): Promise<unknown>
  /** Asks the server to cancel what `client` runs, if that is still wanted when the way is open; default over the client's address. */
  cancel?: (client: ClientBase, isStillWanted: () => boolean) => Promise<unknown>
}

export interface OneShotStats {
  /** Connections that are shared now. */
  readonly lanes: number
  /** Connections that were asked for and have not come yet. */
  readonly opening: number
  /** Statements on their way on shared connections. */
  readonly inFlight: number
  /** Statements that wait. */
  readonly waiting: number
  /** Statements on connections of their own, waiting for one or running. */
  readonly exclusive: number
}
