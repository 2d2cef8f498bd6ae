/**
 * Why a connection was closed. `idle`: unused for too long; `expired`: too old; `worn`: lent often enough; `surplus`: the
 * pool was made smaller or asked to trim; `drained`: of an old generation; `role-changed`: its host takes writes no more, or does now; `discarded`: the borrower asked for it;
 * `failed`: the connection broke or could not be cleaned; `closed`: the pool was closed.
 */
export type CloseReason =
  'idle' | 'expired' | 'worn' | 'surplus' | 'drained' | 'role-changed' | 'discarded' | 'failed' | 'closed'

/** What happened to connections; a user may log or count it. Nothing in an event is secret. */
export type ConnectionEvent =
  | { readonly kind: 'connection-opened'; readonly pool: string }
  | { readonly kind: 'connection-closed'; readonly pool: string; readonly reason: CloseReason }
  /** Every connection that was there when the drain began is closed. */
  | { readonly kind: 'pool-drained'; readonly pool: string; readonly reason: string }
  /** A connection could not be opened, or an open one broke while nobody had it. */
  | { readonly kind: 'connection-failed'; readonly pool: string; readonly error: unknown }
  /** The borrower gave the connection back inside a transaction; it was rolled back. `stack` is the borrower's, when captured. */
  | {
      readonly kind: 'open-transaction-rolled-back'
      readonly purpose: string
      readonly status: 'open' | 'failed'
      readonly stack?: string
    }
  /** The same where `openTransactionOnRelease` is `destroy`: the connection was closed, which rolls back. */
  | {
      readonly kind: 'open-transaction-destroyed'
      readonly purpose: string
      readonly status: 'open' | 'failed'
      readonly stack?: string
    }
  /** The borrower gave the connection back while a query was running; it was kept apart until the query ended. */
  | { readonly kind: 'released-while-busy'; readonly purpose: string; readonly stack?: string }
  /** The borrower left session state behind (SET, LISTEN, locks...); it was reset. `state` names the kinds. */
  | {
      readonly kind: 'session-state-reset'
      readonly purpose: string
      readonly state: readonly string[]
      readonly stack?: string
    }
  /** One of several hosts has become another: what was connected to it is replaced. */
  | {
      readonly kind: 'host-role-changed'
      readonly pool: string
      readonly host: string
      readonly port: number
      readonly role: 'unknown' | 'primary' | 'standby'
    }
  /** The server has no room for more connections; the pool asks for no more than it has for a while. */
  | { readonly kind: 'pool-shrunk'; readonly pool: string; readonly max: number }
  /** The clean-up at give-back failed, so the connection was closed. */
  | { readonly kind: 'reset-failed'; readonly purpose: string; readonly error: unknown }
  /** A lease is out for longer than `leakThresholdMs`; reported once a lease. `stack` is where it was acquired. */
  | {
      readonly kind: 'lease-overdue'
      readonly purpose: string
      readonly heldMs: number
      readonly stack?: string
    }
  /** A lease that was reported as overdue has ended after all. */
  | {
      readonly kind: 'overdue-lease-returned'
      readonly purpose: string
      readonly heldMs: number
      readonly stack?: string
    }
  /**
   * Work that holds a connection for `heldPurpose` waits for another one of the same database: enough of these at once wait for
   * each other. `stack` is where it was asked for, when captured.
   */
  | {
      readonly kind: 'nested-acquire'
      readonly purpose: string
      readonly heldPurpose: string
      readonly stack?: string
    }
  /** A give-back of a legacy pool failed; the lease had ended for its borrower by then. */
  | { readonly kind: 'release-failed'; readonly purpose: string; readonly error: unknown }

export type EventListener = (event: ConnectionEvent) => void

/**
 * Calls a listener so that its mistakes stay its own: an error in it, thrown or as a rejected promise, goes to the process as a
 * warning, not to the pool.
 */
export function emitSafely(listener: EventListener | undefined, event: ConnectionEvent): void {
  if (listener === undefined) return
  try {
    // Async functions pass for listeners.
    const call: (event: ConnectionEvent) => unknown = listener
    const result = call(event)
    if (result instanceof Promise) result.catch(warn)
  } catch (error) {
    warn(error)
  }
}

function warn(error: unknown): void {
  process.emitWarning(`a pgferry event listener threw: ${String(error)}`)
}
