import type { ClientBase } from 'pg'

/**
 * Which of a database's hosts will do. `primary`: the one that takes writes; `standby`: one that only reads;
 * `prefer-standby`: a standby while there is one, else the primary; `any`: whichever answers.
 */
export type HostTarget = 'primary' | 'standby' | 'prefer-standby' | 'any'

/** What a borrower asks of a pool. */
export interface AcquireRequest {
  /** For statistics, errors and reports. */
  readonly purpose: string
  /** Milliseconds for everything together: queue, connect, login. Defaults to the pool's `acquireTimeoutMs`. */
  readonly timeoutMs?: number
  /** Ends the wait; the promise then rejects with `ACQUIRE_ABORTED` and no connection is lost. */
  readonly signal?: AbortSignal
  /** The session refuses to write while this borrower has it (`default_transaction_read_only`); undone at give-back. */
  readonly readOnly?: boolean
  /** Which host will do; default the pool's: `primary` of several hosts, `any` of a single one. */
  readonly target?: HostTarget
  /** Where the borrower asked, for events about this lease. */
  readonly stack?: string
  /** Kept for as long as there is work for it, so that its length says nothing of how long leases last. */
  readonly isOpenEnded?: boolean
}

/** A physical connection while it is out of the pool. The same client comes back with a new object for each acquire. */
export interface PooledConnection {
  readonly client: ClientBase
  /** Number of the physical connection in its pool, from 1; it names the connection in reports. */
  readonly id: number
}

/** Who has asked for a connection: exactly one of the two is called, once. */
export interface AcquireReceiver {
  deliver(connection: PooledConnection): void
  refuse(error: unknown): void
}

/** `reuse`: the pool cleans it and keeps it. `discard`: the pool closes it. */
export type ReleaseOutcome = 'reuse' | 'discard'

/**
 * Counts of connections as the server has them; `total` = `idle` + `leased` + `opening` + `resetting` + `closing`. It is never
 * above `max`, except after a `resize()` to less, until what is too much has been given back and closed.
 */
export interface PoolStats {
  readonly total: number
  readonly idle: number
  readonly leased: number
  readonly opening: number
  readonly resetting: number
  /** Not lent any more, and still open on the server's side until the close has ended; neither idle nor leased. */
  readonly closing: number
  /** Callers in the queue. */
  readonly waiting: number
  readonly max: number
  /** What it keeps open when nobody asks. */
  readonly min?: number
  /** Acquires that ended with `ACQUIRE_TIMEOUT`, since the pool was made. */
  readonly timeouts?: number
  /** Connections opened since the pool was made. */
  readonly opened?: number
  /** Connections closed since the pool was made. */
  readonly closed?: number
  /** What is known of each host; a pool with one has one. */
  readonly hosts?: readonly HostStats[]
}

/** What a pool knows of one of its hosts. Nothing in it is secret. */
export interface HostStats {
  readonly host: string
  readonly port: number
  /** As the host said last; `unknown` in a pool with a single host, which is not asked. */
  readonly role: 'unknown' | 'primary' | 'standby'
  readonly breaker: 'closed' | 'open' | 'half-open'
  /** Attempts to connect that have failed since the last success. */
  readonly consecutiveFailures: number
  /** Counts up when connections made before are not lent any more: the role has changed. */
  readonly generation: number
  /** Milliseconds a standby was behind when it was asked last. */
  readonly lagMs?: number
  readonly lastErrorMessage?: string
}

export interface PoolLimits {
  readonly max?: number
  readonly min?: number
}

/**
 * How connections are made, kept and chosen. The service owns leases and purposes; a strategy owns physical connections.
 */
export interface PoolStrategy {
  readonly kind: string
  /** Callers in the queue, where it can be told without making all statistics. */
  readonly waitingCount?: number
  /**
   * @throws AcquireTimeoutError, AcquireAbortedError, PoolSaturatedError, PoolClosedError, ConnectFailedError
   */
  acquire(request: AcquireRequest): Promise<PooledConnection>
  /**
   * {@link PoolStrategy.acquire} for a caller who has a promise of its own: the receiver is told once, before this returns or later;
   * errors are those of `acquire`. A strategy may leave it out.
   */
  acquireLater?(request: AcquireRequest, receiver: AcquireReceiver): void
  /**
   * What {@link PoolStrategy.acquire} does when it need not wait: a sound idle connection, at once. `undefined` when it would
   * have to wait, connect, ask the server, or refuse; then the caller asks `acquire`. A strategy may leave it out.
   */
  tryAcquire?(request: AcquireRequest): PooledConnection | undefined
  /**
   * Takes a connection back; called once for each acquire. Never throws: what goes wrong while cleaning is an event.
   *
   * @throws ForeignConnectionError when it is not out of this pool; nothing is changed then.
   */
  release(connection: PooledConnection, outcome: ReleaseOutcome): void
  stats(): PoolStats
  resize(limits: PoolLimits): void
  /** Replaces every connection: idle ones now, leased ones at give-back. Resolves when the old ones are closed. */
  drain(reason: string): Promise<void>
  /** Closes up to `count` idle connections and resolves, once they are closed, with how many there were. */
  trimIdle(count: number): Promise<number>
  /** As {@link PoolStrategy.drain} without waiting: answers how many connections will be replaced. */
  evict?(reason: string): number
  /** Lends nothing until {@link PoolStrategy.resume}; callers wait within their deadlines. */
  suspend?(): void
  resume?(): void
  /** Refuses new acquires, settles all waiters with `POOL_CLOSED`, resolves when every connection is closed. */
  close(): Promise<void>
}
