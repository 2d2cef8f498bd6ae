import type { KeyedPoolPolicy } from '../backend/keyed-pool'
import { KeyError, PoolError, poolMessages, toLegacyError } from './legacy-errors'

/** The limits of psycopg2.pool.AbstractConnectionPool. */
export interface Psycopg2Limits {
  readonly minconn: number
  readonly maxconn: number
}

/** How the `getconn()` of a component answers when there are enough connections out. */
export interface PoolSettings {
  /** Absent: callers wait. */
  readonly limits: Psycopg2Limits | undefined
  /** Milliseconds a caller waits for the side; `undefined`: as long as the side lets it. */
  readonly acquireTimeoutMs: number | undefined
}

/**
 * The rules of psycopg2.pool. With `limits` a caller too many is refused at once, exactly when psycopg2 would; without,
 * it waits as long as the side lets it.
 */
export function createPsycopg2Policy(limits: Psycopg2Limits | undefined): KeyedPoolPolicy {
  let lastAutoKey = 0
  // As psycopg2's list of idle connections, which decides who is refused; how many really are idle is the side's affair.
  let idleCount = limits?.minconn ?? 0
  return {
    // As psycopg2: automatic keys share the numbers with the caller's own keys. Who waits instead wants no collision.
    autoKey: () => (limits === undefined ? undefined : ++lastAutoKey),
    // As in Python, False equals 0 and True equals 1.
    normalizeKey: (key) => (typeof key === 'boolean' ? Number(key) : key),
    reserve(usedCount) {
      if (limits === undefined) return undefined
      if (idleCount > 0) idleCount -= 1
      // As psycopg2: equal, not greater; with minconn above maxconn the limit is never met.
      else if (usedCount === limits.maxconn) return new PoolError(poolMessages.exhausted)
      return undefined
    },
    unreserve(isKept) {
      if (limits !== undefined && isKept && idleCount < limits.minconn) idleCount += 1
    },
    closedError: () => new PoolError(poolMessages.closed),
    unkeyedError: () => new PoolError(poolMessages.unkeyed),
    unknownKeyError: (key) => new KeyError(key),
    // Python has AttributeError: 'NoneType' object has no attribute 'closed'.
    missingConnectionError: () => new TypeError('putconn() was called with a key and without a connection'),
    acquireError: toLegacyError,
  }
}
