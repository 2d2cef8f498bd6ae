/** Codes a caller can act on; each has one class. */
export type DbConnectionErrorCode =
  | 'POOL_CLOSED'
  | 'ACQUIRE_TIMEOUT'
  | 'POOL_SATURATED'
  | 'ACQUIRE_ABORTED'
  | 'CONNECT_FAILED'
  | 'CIRCUIT_OPEN'
  | 'NO_ELIGIBLE_HOST'
  | 'NESTED_ACQUIRE'
  | 'LEASE_ENDED'
  | 'FOREIGN_CONNECTION'
  | 'ROLLBACK_FAILED'
  | 'OUTCOME_UNKNOWN'
  | 'TRANSACTION_FAILED'
  | 'QUERY_ABORTED'
  | 'QUERY_TIMEOUT'
  | 'INVALID_OPTION'

/** Base of every error that this package throws itself. SQL errors pass through untouched. */
export abstract class DbConnectionError extends Error {
  abstract readonly code: DbConnectionErrorCode
  /** Whether trying the same call again may succeed without anybody changing anything. */
  abstract readonly isRetryable: boolean

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
  }
}

/** The pool or service was closed; nothing can be acquired any more. */
export class PoolClosedError extends DbConnectionError {
  readonly code = 'POOL_CLOSED'
  readonly isRetryable = false
}

/** What a pool looked like at the moment of an error. */
export interface PoolSnapshot {
  readonly total: number
  readonly idle: number
  readonly leased: number
  readonly waiting: number
  readonly max: number
  /** `open`: the database is known to be down. Absent in pools without a breaker. */
  readonly breaker?: 'closed' | 'open' | 'half-open'
}

/** Who holds a connection, for how long, and from where (the stack, when captured). */
export interface LeaseHolder {
  readonly purpose: string
  readonly heldMs: number
  readonly stack?: string
}

/** No connection came within the deadline. `cause` is the last connect failure, when there was one. */
export class AcquireTimeoutError extends DbConnectionError {
  readonly code = 'ACQUIRE_TIMEOUT'
  readonly isRetryable = true
  constructor(
    message: string,
    readonly pool: PoolSnapshot | undefined,
    readonly longestHolders: readonly LeaseHolder[] = [],
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** Too many callers are waiting already; refused at once instead of after a timeout. */
export class PoolSaturatedError extends DbConnectionError {
  readonly code = 'POOL_SATURATED'
  readonly isRetryable = true
  constructor(
    message: string,
    readonly pool?: PoolSnapshot,
    readonly longestHolders: readonly LeaseHolder[] = [],
  ) {
    super(message)
  }
}

/** The caller's AbortSignal ended the wait. `cause` is the signal's reason. */
export class AcquireAbortedError extends DbConnectionError {
  readonly code = 'ACQUIRE_ABORTED'
  readonly isRetryable = false
}

/** The server could not be reached, or it refused the login. `cause` is the driver's error. */
export class ConnectFailedError extends DbConnectionError {
  readonly code = 'CONNECT_FAILED'
  readonly isRetryable: boolean
  /** `isRetryable` is false when somebody has to change something first: a wrong password, a database that does not exist. */
  constructor(message: string, options: { cause?: unknown; isRetryable?: boolean } = {}) {
    super(message, options)
    this.isRetryable = options.isRetryable ?? true
  }
}

/**
 * The database has been down for a while, so nobody waits for it any more. `cause` is why the last attempt failed; one connection
 * is tried every now and then, and the first success ends this.
 */
export class CircuitOpenError extends DbConnectionError {
  readonly code = 'CIRCUIT_OPEN'
  readonly isRetryable = true
  constructor(
    message: string,
    /** Milliseconds until the next attempt. */
    readonly retryAfterMs: number,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** What was found of one host. */
export interface HostFinding {
  readonly host: string
  readonly port: number
  readonly role: 'unknown' | 'primary' | 'standby'
  /** Why the last attempt to connect to it failed, unless one has succeeded since. */
  readonly lastError?: string
}

/** Hosts answer, and none of them is what was asked for: no primary to write to, no standby to read from. */
export class NoEligibleHostError extends DbConnectionError {
  readonly code = 'NO_ELIGIBLE_HOST'
  readonly isRetryable = true
  constructor(
    message: string,
    readonly hosts: readonly HostFinding[],
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/**
 * Work that holds a connection asked for another one while everybody who could give one back was waiting in the same way: it
 * would have waited for itself. Refused once nothing has moved for half a second, instead of after a timeout.
 */
export class NestedAcquireError extends DbConnectionError {
  readonly code = 'NESTED_ACQUIRE'
  readonly isRetryable = false
}

/** A connection was used or given back after it had been given back. */
export class LeaseEndedError extends DbConnectionError {
  readonly code = 'LEASE_ENDED'
  readonly isRetryable = false
}

/** A connection was given back to somebody it did not come from; nothing was changed. */
export class ForeignConnectionError extends DbConnectionError {
  readonly code = 'FOREIGN_CONNECTION'
  readonly isRetryable = false
}

/**
 * ROLLBACK itself failed; the connection was closed, and the transaction is undone with it. `cause` is the error that made the rollback
 * necessary.
 */
export class RollbackFailedError extends DbConnectionError {
  readonly code = 'ROLLBACK_FAILED'
  /** True when it is the loss of the connection that ended the work: run again from its start it may succeed. */
  readonly isRetryable: boolean
  constructor(
    message: string,
    readonly rollbackError: unknown,
    options: { cause?: unknown; isRetryable?: boolean } = {},
  ) {
    super(message, options)
    this.isRetryable = options.isRetryable ?? false
  }
}

/** COMMIT was sent and the connection was lost before the answer: it may or may not have taken effect. */
export class OutcomeUnknownError extends DbConnectionError {
  readonly code = 'OUTCOME_UNKNOWN'
  readonly isRetryable = false
}

/**
 * COMMIT was answered with ROLLBACK: a statement had failed and its error was not passed on, so the server threw the
 * transaction away.
 */
export class TransactionFailedError extends DbConnectionError {
  readonly code = 'TRANSACTION_FAILED'
  readonly isRetryable = false
}

/**
 * The caller's AbortSignal ended a statement that was sent already; the server was asked to cancel it. `cause` is the signal's
 * reason. Unless it only reads, it may have taken effect.
 */
export class QueryAbortedError extends DbConnectionError {
  readonly code = 'QUERY_ABORTED'
  readonly isRetryable = false
}

/** A statement that was sent gave no answer in time; the server was asked to cancel it. Unless it only reads, it may have taken effect. */
export class QueryTimeoutError extends DbConnectionError {
  readonly code = 'QUERY_TIMEOUT'
  readonly isRetryable = false
}

/** An option is unknown, of the wrong type or out of range. */
export class InvalidOptionError extends DbConnectionError {
  readonly code = 'INVALID_OPTION'
  readonly isRetryable = false
  /** The value, when it is plain and cannot be a secret; otherwise what kind of value it was. */
  readonly received: unknown
  constructor(
    readonly option: string,
    received: unknown,
    readonly expected: string,
  ) {
    super(`invalid option ${option}: received ${describeValue(option, received)}, expected ${expected}`)
    this.received =
      isPlain(received) && !maySecret(option, received) ? received : describeValue(option, received)
  }
}

/** Names a value without ever spelling out an object, a URL or anything else that may hold a password. */
function describeValue(option: string, value: unknown): string {
  if (typeof value === 'string')
    return maySecret(option, value) ? describeSecret(value) : JSON.stringify(value)
  if (isPlain(value)) return String(value)
  if (Array.isArray(value)) return `an array of ${String(value.length)}`
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function isPlain(value: unknown): value is string | number | boolean | null | undefined {
  return value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value)
}

/** What the last part of an option's name says of a secret; for what a slip of the pen made of `password` too. */
const secretName =
  /pas+w|^pas+$|passphrase|pwd|secret|to?k(?:e?n|ne)|auth|credential|api_?key|private_?key|^key$|ur[il]$|dsn/i
/** `connection`, `connectionString` and slips of the pen; not the durations and counts that have it in their names. */
const connectionName = /^con+e?c?(?!.*(ms$|timeout))/i
/** A URL, `user:password@host`, `key=value` as libpq takes it, or what is as long as a token and has figures in it. */
const secretValue = /@|:\/\/|\w\s*=|^(?=.*\d)\S{24,}$/

/** By the name of the option itself, not of where it stands; or by the look of the value. */
function maySecret(option: string, value: unknown): boolean {
  if (typeof value !== 'string') return false
  const name = option.slice(option.lastIndexOf('.') + 1)
  return secretName.test(name) || connectionName.test(name) || secretValue.test(value)
}

function describeSecret(value: string): string {
  if (value === '') return 'an empty string'
  return value.includes('://') ? 'a URL' : 'a string'
}
