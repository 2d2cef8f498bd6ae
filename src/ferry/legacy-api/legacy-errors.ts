import { DbConnectionError, type DbConnectionErrorCode } from '../../core/errors'
import { toError } from '../backend/to-error'

/** As psycopg2.pool.PoolError: what old `catch` blocks test for, by class, name or message. */
export class PoolError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'PoolError'
  }
}

/** As Python's KeyError: the key under which nothing is out. The message begins with the key as Python prints it. */
export class KeyError extends Error {
  constructor(readonly key: unknown) {
    super(`${printKey(key)}: no connection is out under this key, or another one is`)
    this.name = 'KeyError'
  }
}

function printKey(key: unknown): string {
  return typeof key === 'string' ? `'${key}'` : String(key)
}

export const poolMessages = {
  exhausted: 'connection pool exhausted',
  closed: 'connection pool is closed',
  unkeyed: 'trying to put unkeyed connection',
} as const

/** What an error of ours was called in the old world; `undefined`: it had no name there and passes through. */
const legacyMessages: Readonly<Record<DbConnectionErrorCode, string | undefined>> = {
  POOL_CLOSED: poolMessages.closed,
  ACQUIRE_TIMEOUT: poolMessages.exhausted,
  POOL_SATURATED: poolMessages.exhausted,
  NESTED_ACQUIRE: poolMessages.exhausted,
  LEASE_ENDED: poolMessages.unkeyed,
  FOREIGN_CONNECTION: poolMessages.unkeyed,
  ACQUIRE_ABORTED: undefined,
  CONNECT_FAILED: undefined,
  QUERY_TIMEOUT: undefined,
  QUERY_ABORTED: undefined,
  NO_ELIGIBLE_HOST: undefined,
  CIRCUIT_OPEN: undefined,
  ROLLBACK_FAILED: undefined,
  TRANSACTION_FAILED: undefined,
  OUTCOME_UNKNOWN: undefined,
  INVALID_OPTION: undefined,
}

/** The error that an old `catch` block knows; `cause` is ours. Errors of the server and the driver pass through. */
export function toLegacyError(error: unknown): Error {
  const message = error instanceof DbConnectionError ? legacyMessages[error.code] : undefined
  if (message !== undefined) return new PoolError(message, { cause: error })
  return toError(error)
}
