import type { ClientBase, Pool, QueryConfig, QueryResult, QueryResultRow } from 'pg'
import type { Connection, ScopedConnection } from '../core/connection'
import type { LeaseHolder } from '../core/errors'
import type { ConnectionSource } from '../pool/connection-target'
import type { PoolOptions } from '../pool/pool-options'
import type { HostTarget, PoolLimits, PoolStats, PoolStrategy } from '../pool/pool-strategy'

/** What {@link createConnectionService} is made of; validated once, then frozen. */
export interface ServiceOptions {
  /** One database, or several by name; the first is the default. */
  readonly databases: DatabaseOptions | Readonly<Record<string, DatabaseOptions>>
  /** Purposes beyond `general`. Asking for any other throws `INVALID_OPTION`. */
  readonly purposes?: Readonly<Record<string, PurposeOptions>>
  /** Upper bound of connections over all databases of this service. */
  readonly budget?: { readonly maxConnections: number }
  /**
   * Whether `withConnection` and `withTransaction` remember what they hold while their work runs, so that an acquire inside which
   * has to wait is reported (`nested-acquire`) or, when nothing has moved for half a second and it could never end, refused
   * (`NESTED_ACQUIRE`). Default true. It costs an `AsyncLocalStorage`; so where a limit is above 4, work is remembered only from the
   * first time on that callers wait and no lease ends, and a first circle there ends at its deadline.
   */
  readonly detectNestedAcquire?: boolean
}

export interface DatabaseOptions {
  /**
   * A `pg` config, a URL, or a function called before each new connection (rotating user and password). May be left out
   * where nothing connects: with strategy `mock`, or with a strategy of your own.
   */
  readonly connection?: ConnectionSource
  /**
   * Several hosts of this database: `connection` says everything but where to. The role of each is found, not configured: writes
   * go to the primary, wherever it is. Only with strategy `resilient`.
   */
  readonly hosts?: readonly { readonly host: string; readonly port?: number }[]
  /**
   * Runs once for each new connection, before anybody gets it. What it sets is the connection's baseline: a reset at give-back comes
   * back to it. An error in it closes the connection. Only with strategy `resilient`.
   */
  readonly onConnect?: (client: ClientBase) => Promise<void> | void
  /** Default `resilient`. A strategy of your own is closed with the service. */
  readonly strategy?: 'simple' | 'resilient' | 'mock' | PoolStrategy
  /** Size, deadlines and habits of the pool; a strategy of your own has its own. */
  readonly pool?: PoolOptions
}

export interface PurposeOptions {
  /** Connections this purpose may hold at once; without it, the pool's `max`. */
  readonly max?: number
  /**
   * Leases of this purpose refuse to write (`default_transaction_read_only`): one round trip more at acquire and one at
   * give-back, where it is undone. A guard against mistakes, not a permission: SQL can turn it off again.
   */
  readonly readOnly?: boolean
  /** Milliseconds an acquire of this purpose waits; default the pool's `acquireTimeoutMs`. */
  readonly acquireTimeoutMs?: number
  /** Which of several hosts will do; default the primary. */
  readonly target?: HostTarget
}

export interface AcquireOptions {
  /** Name of the database; default the first. */
  readonly database?: string
  /** Milliseconds until the wait ends with `ACQUIRE_TIMEOUT`, `Infinity` for never; default the purpose's, else the pool's. */
  readonly timeoutMs?: number
  /** Ends the wait with `ACQUIRE_ABORTED`; no connection is lost. Later it has no effect. */
  readonly signal?: AbortSignal
  /** Overrides the purpose's `readOnly`. */
  readonly readOnly?: boolean
  /** Overrides the purpose's `target`. */
  readonly target?: HostTarget
}

/** `readOnly` is the transaction's here (`READ ONLY`), not the session's. */
export interface TransactionOptions extends AcquireOptions {
  /** Default: the server's `default_transaction_isolation`. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
}

export interface QueryOptions {
  readonly purpose?: string
  readonly database?: string
  /** Milliseconds for everything, from the call to the answer; without it only the wait for a connection ends. */
  readonly timeoutMs?: number
  /** Ends the wait, and the statement: the server is asked to cancel it. */
  readonly signal?: AbortSignal
}

export interface PurposeStats {
  /** Leases out now. */
  readonly leased: number
  /** Callers waiting, for the purpose's own limit or for the pool. */
  readonly waiting: number
  /** Leases given out since the start. */
  readonly acquired: number
  /** Acquires that ended without a connection since the start. */
  readonly failed: number
}

export interface ServiceStats {
  readonly databases: Readonly<Record<string, PoolStats>>
  readonly purposes: Readonly<Record<string, PurposeStats>>
  /** The oldest leases first, at most ten. */
  readonly longestHolders: readonly LeaseHolder[]
}

/** The one place where connections come from. */
export interface DatabaseConnectionService extends AsyncDisposable {
  /**
   * The one pattern. The connection goes back when the scope ends, whatever happened in it.
   *
   * @example
   * await using conn = await connections.connection('rag')
   * await conn.query('SELECT 1')
   */
  connection(purpose?: string, options?: AcquireOptions): Promise<ScopedConnection>
  /** The same for code that cannot use `await using`: the connection goes back when `work` settles. */
  withConnection<T>(
    purpose: string,
    work: (connection: Connection) => T | Promise<T>,
    options?: AcquireOptions,
  ): Promise<T>
  /** BEGIN before `work`, COMMIT after it, ROLLBACK when it throws; its error passes through. */
  withTransaction<T>(
    purpose: string,
    work: (connection: Connection) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>
  /** For what no scope can express: a connection that an object keeps for its lifetime. */
  acquireConnection(purpose?: string, options?: AcquireOptions): Promise<Connection>
  /**
   * Gives back what {@link acquireConnection} gave; with an `error` the connection is closed instead of reused.
   *
   * @throws LeaseEndedError for a second give-back, ForeignConnectionError for a connection of somebody else
   */
  releaseConnection(connection: Connection, error?: unknown): void
  /**
   * One statement, no lease to hold: it shares a few connections with others, on which it is sent before the answer of the one in
   * front of it has come. It is a transaction of its own, and an error of one touches no other. What needs a session or a
   * transaction gets a lease by itself. After its last statement a shared connection stays leased for a moment (75 ms).
   *
   * @throws QueryTimeoutError, QueryAbortedError when it had been sent; AcquireTimeoutError, AcquireAbortedError when it had not
   * @throws OutcomeUnknownError when the connection was lost after it had been sent
   */
  query<R extends QueryResultRow = QueryResultRow>(
    statement: string | QueryConfig,
    values?: unknown[],
    options?: QueryOptions,
  ): Promise<QueryResult<R>>
  /**
   * A `pg.Pool` for libraries that want one (`instanceof` holds): its clients are leases of this service for `purpose`. The same
   * object each time; ending it leaves the service running.
   *
   * @throws InvalidOptionError for a purpose that the service does not know
   */
  pgPool(purpose?: string): Pool
  stats(): ServiceStats
  /** Closes up to `count` idle connections; resolves, once they are closed, with how many there were. */
  trimIdle(count: number): Promise<number>
  /**
   * Changes the limits of a running pool: of the first database, or of those named. What is too much is closed when it is idle.
   *
   * @throws InvalidOptionError when the pools would be larger than the budget; nothing is changed then
   * @example
   * connections.resize({ max: 20 })
   * connections.resize({ main: { max: 15 }, reports: { max: 5 } })
   */
  resize(limits: PoolLimits | Readonly<Record<string, PoolLimits>>): void
  /** Replaces every connection of all databases: idle ones now, leased ones at give-back. Resolves when the old ones are closed. */
  drain(reason: string): Promise<void>
  /** As {@link DatabaseConnectionService.drain} without waiting; answers how many connections will be replaced. */
  evict(reason: string): number
  /** Lends nothing until {@link DatabaseConnectionService.resume}: callers wait within their deadlines, leases stay out. */
  suspend(): void
  resume(): void
  /**
   * Refuses new leases and waits for those that are out; after `timeoutMs` (default 10,000) their connections are closed
   * under them.
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void>
}
