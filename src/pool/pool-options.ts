import { InvalidOptionError } from '../core/errors'
import type { Random } from '../core/random'
import {
  checkOptions,
  isBoolean,
  isCount,
  isDurationMs,
  isOneOf,
  isShare,
  type OptionRule,
} from '../core/options'

/** Durations in milliseconds. Defaults: {@link defaultPoolOptions}. */
export interface PoolOptions {
  /** Connections at most, in whatever state. */
  readonly max?: number
  /** Connections that are kept: opened ahead of need (see `prewarm`), and not closed for being idle. */
  readonly min?: number
  /** Whether `min` connections are opened from the start and again when one is lost; else they only stay once they are there. */
  readonly prewarm?: boolean
  /** Connections that may be on their way in at once. */
  readonly maxConnecting?: number
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
  /** A connection that was idle for longer is asked whether it is still there before it is lent; 0 asks always. */
  readonly validateAfterIdleMs?: number
  /** For the answer to that question, and for that about the role of a host. */
  readonly validationTimeoutMs?: number
  /** An idle connection is asked in the background after this time, so that a dead one is found by nobody's request; 0 never. */
  readonly healthCheckMs?: number
  /**
   * What happens to session state that a borrower leaves behind (SET, roles, LISTEN, temporary tables, session locks, cursors):
   * reset when there is any, reset at each give-back, or passed on to the next borrower.
   */
  readonly resetSession?: 'when-dirty' | 'always' | 'never'
  /** Attempts to connect in a row that must fail before callers are refused at once with `CIRCUIT_OPEN`... */
  readonly breakerFailureCount?: number
  /** ...and for how long they must have been failing. Shorter outages only make callers wait. */
  readonly breakerOutageMs?: number
  /** How often a host that is down is tried, and how often hosts are asked for their role while no primary is known. */
  readonly probeIntervalMs?: number
  /** How often the role of each of several hosts is asked anew while all is well. */
  readonly roleRecheckMs?: number
  /** A standby that is further behind its primary is not read from; `Infinity` reads from any. */
  readonly maxLagMs?: number
  /** A host that was down gets its full share of new connections only after this time. */
  readonly slowStartMs?: number
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
  // Who asks for a minimum wants the first request to find it.
  prewarm: true,
  // More at once make each other slow: a server forks a process for each.
  maxConnecting: 10,
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
  // Firewalls and proxies drop connections that are silent for seconds to minutes, never within a burst of requests.
  validateAfterIdleMs: 1_000,
  // A hundred times a slow round trip; who is slower than that would not serve a request either.
  validationTimeoutMs: 2_000,
  // Below the usual idle limits of firewalls and load balancers.
  healthCheckMs: 30_000,
  // Costs nothing when there is nothing to reset, and what is left behind is a bug of the next borrower.
  resetSession: 'when-dirty',
  // One lost packet or one restart of a proxy is no outage...
  breakerFailureCount: 5,
  // ...and a planned switchover takes about this long: callers wait through it.
  breakerOutageMs: 2_000,
  // A promoted or restarted server is found within half a second; a try costs it next to nothing.
  probeIntervalMs: 200,
  // A role changes seldom, and a write that meets the wrong host has it asked at once.
  roleRecheckMs: 5_000,
  // What a reader can be told to expect; a standby further behind has trouble.
  maxLagMs: 10_000,
  // Caches of a server that has just started are cold.
  slowStartMs: 10_000,
  // A rollback is one round trip, a new connection is several.
  openTransactionOnRelease: 'rollback',
})

/** What only the resilient strategy knows; another strategy refuses it instead of ignoring it. */
export const resilientOnly: readonly (keyof PoolOptions)[] = [
  'prewarm',
  'maxConnecting',
  'validateAfterIdleMs',
  'validationTimeoutMs',
  'healthCheckMs',
  'resetSession',
  'breakerFailureCount',
  'breakerOutageMs',
  'probeIntervalMs',
  'roleRecheckMs',
  'maxLagMs',
  'slowStartMs',
]

const isLimitMs: OptionRule = (value) =>
  value === Infinity ||
  isDurationMs()(value) === true ||
  'a duration in milliseconds, or Infinity for no limit'

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
    prewarm: isBoolean,
    maxConnecting: isCount(1),
    validateAfterIdleMs: isDurationMs(),
    validationTimeoutMs: isDurationMs(1),
    healthCheckMs: isDurationMs(),
    resetSession: isOneOf('when-dirty', 'always', 'never'),
    breakerFailureCount: isCount(1),
    breakerOutageMs: isDurationMs(),
    probeIntervalMs: isDurationMs(10),
    roleRecheckMs: isDurationMs(10),
    maxLagMs: isLimitMs,
    slowStartMs: isDurationMs(),
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
  return Object.freeze({
    ...resolved,
    connectTimeoutMs: resolveContained('connectTimeoutMs', { given, resolved, prefix }),
    validationTimeoutMs: resolveContained('validationTimeoutMs', { given, resolved, prefix }),
  })
}

/** A deadline inside `acquireTimeoutMs`: a default gives way to it, a value that was given contradicts it. */
function resolveContained(
  key: 'connectTimeoutMs' | 'validationTimeoutMs',
  { given, resolved, prefix }: { given: PoolOptions; resolved: ResolvedPoolOptions; prefix: string },
): number {
  const { acquireTimeoutMs } = resolved
  if (resolved[key] <= acquireTimeoutMs) return resolved[key]
  if (given[key] === undefined) return acquireTimeoutMs
  throw new InvalidOptionError(
    `${prefix}.${key}`,
    resolved[key],
    `at most ${prefix}.acquireTimeoutMs (${String(acquireTimeoutMs)}), which includes it`,
  )
}

/** How long one connection may live: less than `maxLifetimeMs` by up to the jitter; infinite without a limit. */
export function drawLifetimeMs(options: ResolvedPoolOptions, random: Random): number {
  const { maxLifetimeMs, lifetimeJitter } = options
  return maxLifetimeMs > 0 ? maxLifetimeMs * (1 - random() * lifetimeJitter) : Infinity
}
