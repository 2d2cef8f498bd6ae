import { InvalidOptionError } from '../core/errors'
import type { Random } from '../core/random'
import { checkOptions, isCount, isDurationMs, isOneOf, isShare } from '../core/options'

/** Durations in milliseconds. Defaults: {@link defaultPoolOptions}. */
export interface PoolOptions {
  /** Connections at most, in whatever state. */
  readonly max?: number
  /** Idle connections below this number are not closed for being idle. None is opened ahead of need. */
  readonly min?: number
  /** For everything together: queue, connect, login. */
  readonly acquireTimeoutMs?: number
  /** For opening one connection. */
  readonly connectTimeoutMs?: number
  /** An idle connection is closed after this time; 0 keeps it. */
  readonly idleTimeoutMs?: number
  /** A connection is not lent again when it is older; 0 sets no limit. */
  readonly maxLifetimeMs?: number
  /** Up to this share of `maxLifetimeMs` is taken off at random, so that connections do not all end at once. */
  readonly lifetimeJitter?: number
  /** A connection is closed after this many leases; 0 sets no limit. */
  readonly maxUses?: number
  /** Callers that may queue; one more is refused with `POOL_SATURATED`. 0 sets no queue at all. */
  readonly maxWaiting?: number
  /** A lease held longer is reported as `lease-overdue`, with the borrower's stack; 0 reports nothing and captures no stack. */
  readonly leakThresholdMs?: number
  /** For the clean-up at give-back: running queries, ROLLBACK. A connection that needs longer is closed. */
  readonly resetTimeoutMs?: number
  /** What happens to a connection that comes back inside a transaction: it is rolled back and kept, or closed. */
  readonly openTransactionOnRelease?: 'rollback' | 'destroy'
}

export type ResolvedPoolOptions = Required<PoolOptions>

/** What a pool does when nothing else was said; each value with its reason. */
export const defaultPoolOptions: ResolvedPoolOptions = Object.freeze({
  // As node-postgres: enough for one process, and ten processes still fit into PostgreSQL's default of 100.
  max: 10,
  // Nothing is kept for a program that does nothing.
  min: 0,
  // Long enough for a burst, shorter than the 30 s after which most load balancers give up on the request.
  acquireTimeoutMs: 10_000,
  // A healthy server accepts within milliseconds; a lost SYN is sent again after 1 s and 3 s.
  connectTimeoutMs: 5_000,
  // A connection costs the server memory, and opening one costs milliseconds.
  idleTimeoutMs: 30_000,
  // Backends grow with their caches, and a changed DNS name or certificate must be picked up some day.
  maxLifetimeMs: 1_800_000,
  // Spreads the end of connections that were opened in one burst.
  lifetimeJitter: 0.1,
  // Age already bounds a connection's life.
  maxUses: 0,
  // A queue of a thousand is an outage: who joins it now would only time out.
  maxWaiting: 1_000,
  // A stack for each lease costs microseconds; who looks for a leak turns it on.
  leakThresholdMs: 0,
  // A rollback of a large transaction is instant in PostgreSQL; what takes longer is a query still running.
  resetTimeoutMs: 5_000,
  // A rollback is one round trip, a new connection is several.
  openTransactionOnRelease: 'rollback',
})

/**
 * Fills in the defaults. Deadlines that contradict each other are refused, not repaired; a default gives way to an option.
 *
 * @param prefix where the options stand, for messages: `databases.main.pool`
 * @throws InvalidOptionError
 */
export function resolvePoolOptions(options: PoolOptions = {}, prefix = 'pool'): ResolvedPoolOptions {
  checkOptions(prefix, options, {
    max: isCount(1),
    min: isCount(0),
    acquireTimeoutMs: isDurationMs(1),
    connectTimeoutMs: isDurationMs(1),
    idleTimeoutMs: isDurationMs(),
    maxLifetimeMs: isDurationMs(),
    lifetimeJitter: isShare,
    maxUses: isCount(0),
    maxWaiting: isCount(0),
    leakThresholdMs: isDurationMs(),
    resetTimeoutMs: isDurationMs(1),
    openTransactionOnRelease: isOneOf('rollback', 'destroy'),
  })
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as PoolOptions
  const resolved: ResolvedPoolOptions = { ...defaultPoolOptions, ...given }
  if (resolved.min > resolved.max) {
    throw new InvalidOptionError(
      `${prefix}.min`,
      resolved.min,
      `at most ${prefix}.max (${String(resolved.max)})`,
    )
  }
  return Object.freeze({ ...resolved, connectTimeoutMs: resolveConnectTimeoutMs(given, resolved, prefix) })
}

function resolveConnectTimeoutMs(given: PoolOptions, resolved: ResolvedPoolOptions, prefix: string): number {
  const { connectTimeoutMs, acquireTimeoutMs } = resolved
  if (connectTimeoutMs <= acquireTimeoutMs) return connectTimeoutMs
  if (given.connectTimeoutMs === undefined) return acquireTimeoutMs
  throw new InvalidOptionError(
    `${prefix}.connectTimeoutMs`,
    connectTimeoutMs,
    `at most ${prefix}.acquireTimeoutMs (${String(acquireTimeoutMs)}), which includes it`,
  )
}

/** How long one connection may live: less than `maxLifetimeMs` by up to the jitter; infinite without a limit. */
export function drawLifetimeMs(options: ResolvedPoolOptions, random: Random): number {
  const { maxLifetimeMs, lifetimeJitter } = options
  return maxLifetimeMs > 0 ? maxLifetimeMs * (1 - random() * lifetimeJitter) : Infinity
}
