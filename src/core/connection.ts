import type { PoolClient } from 'pg'

/**
 * A borrowed connection. In effect and in name a `pg.Client`: `instanceof pg.Client`, `query` in all its forms, events,
 * `escapeIdentifier`, `getTransactionStatus`. It belongs to the borrower until it is given back; afterwards every use
 * rejects with `LEASE_ENDED`, nothing reaches the wire, and listeners that the borrower added are gone.
 *
 * It is assignable to `pg.PoolClient`, so that functions which take one need no change. `release()` gives it back to
 * wherever it came from; inside a scope nobody needs to call it.
 */
export interface Connection extends PoolClient {
  /** Marks the connection as broken: at give-back it is closed instead of reused. Does not give it back. */
  discard(error?: unknown): void
}

/** A connection that is given back when its scope ends; disposing one that was given back already does nothing. */
export interface ScopedConnection extends Connection, AsyncDisposable {}
