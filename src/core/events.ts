/** What happened to connections; a user may log or count it. Nothing in an event is secret. */
export type ConnectionEvent =
  | { readonly kind: 'connection-opened'; readonly pool: string }
  | { readonly kind: 'connection-closed'; readonly pool: string; readonly reason: 'idle' | 'discarded' | 'failed' | 'closed' }
  | { readonly kind: 'connection-failed'; readonly pool: string; readonly error: unknown }
  /** The borrower gave the connection back inside a transaction; it was rolled back. `stack` is the borrower's, when captured. */
  | { readonly kind: 'open-transaction-rolled-back'; readonly purpose: string; readonly status: 'open' | 'failed'; readonly stack?: string }
  /** The borrower gave the connection back while a query was running; it was kept apart until the query ended. */
  | { readonly kind: 'released-while-busy'; readonly purpose: string; readonly stack?: string }
  /** The clean-up at give-back failed, so the connection was closed. */
  | { readonly kind: 'reset-failed'; readonly purpose: string; readonly error: unknown }
  /** A give-back of a legacy pool failed; the lease had ended for its borrower by then. */
  | { readonly kind: 'release-failed'; readonly purpose: string; readonly error: unknown }

export type EventListener = (event: ConnectionEvent) => void

/** Calls a listener so that its mistakes stay its own: an error in it goes to the process as a warning, not to the pool. */
export function emitSafely(listener: EventListener | undefined, event: ConnectionEvent): void {
  if (listener === undefined) return
  try {
    listener(event)
  } catch (error) {
    process.emitWarning(`a pgferry event listener threw: ${String(error)}`)
  }
}
