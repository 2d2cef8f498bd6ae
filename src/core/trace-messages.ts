/** What every message tells about where it comes from. Nothing secret is in any message. */
export interface PoolMessage {
  /** The pool's name; two services of one process may each have a pool of this name. */
  readonly pool: string
  /**
   * The pool itself (a `PoolStrategy`, or a `Pool` of `pgferry/pg`), for telling pools of one name apart. It is not
   * enumerable in a published message, so that a message can be logged whole.
   */
  readonly owner: object
}

/** Of channel `pgferry:acquire`: from the call until the borrower has its connection, all queues and the connect included. */
export interface AcquireMessage extends PoolMessage {
  readonly purpose: string
  /** Milliseconds; from `asyncStart` on. */
  waitMs?: number
  /** One of pgferry's own errors, such as `ACQUIRE_TIMEOUT`. */
  error?: unknown
}

/** Of channel `pgferry:release`; synchronous. */
export interface ReleaseMessage extends PoolMessage {
  readonly purpose: string
  /** Milliseconds for which the borrower had the connection. */
  readonly heldMs?: number
  /** `discard`: the connection is closed. */
  readonly outcome: 'reuse' | 'discard'
  error?: unknown
}

/** Of channel `pgferry:connect`: one attempt to open one connection, from DNS to the end of the login. */
export interface ConnectMessage extends PoolMessage {
  readonly host?: string
  readonly port?: number
  readonly database?: string
  /** Milliseconds; from `asyncStart` on. */
  durationMs?: number
  error?: unknown
}
