import type { Clock } from '../../core/clock'

/** What the ferry asks of the old way to get connections. */
export interface BackendRequest {
  /** Handed to managers whose acquire takes a key; others ignore it. `undefined` and `null` mean: no key. */
  readonly key?: unknown
  /** Ends the wait; a connection that still arrives is given back. */
  readonly signal?: AbortSignal
  /** Milliseconds until the wait ends with `ACQUIRE_TIMEOUT`; without it, as long as the manager waits. */
  readonly timeoutMs?: number
}

/** One connection out of the old manager. */
export interface BackendLease {
  /** What the manager handed out; in nearly every case a `pg` client. */
  readonly client: object
  /**
   * Gives the connection back to where it came from. With an `error` (anything truthy) the manager is told to close it.
   * Called once. Resolves when the manager is done with it.
   */
  release(error?: unknown): void | Promise<void>
}

/** The old way to get connections, whatever it looked like. */
export interface LegacyBackend {
  /** Names the adapter in statistics and errors. */
  readonly kind: string
  /** @throws AcquireTimeoutError, AcquireAbortedError; errors of the manager pass through. */
  acquire(request: BackendRequest): Promise<BackendLease>
  /** Physical connections now, those that are being opened or closed included. Absent: the ferry counts its leases. */
  connectionCount?(): number
  /** Those of {@link LegacyBackend.connectionCount} that the next acquire takes without opening one. */
  idleCount?(): number
  /** Those of {@link LegacyBackend.connectionCount} that are being opened for somebody who waits. */
  openingCount?(): number
  /** The most connections the manager ever opens. */
  readonly maxConnections?: number
  /** Closes up to `count` idle connections; resolves, once they are closed, with how many there were. */
  trimIdle?(count: number): Promise<number>
  /** Closes the manager itself. */
  close?(): Promise<void>
}

/** What an adapter may be told beyond its manager. */
export interface BackendOptions {
  /** The most connections that the manager opens, where the adapter cannot see it; the ferry's budget reckons with it. */
  readonly maxConnections?: number
  readonly clock?: Clock
}
