import type { QueryConfig, QueryResult, QueryResultRow } from 'pg'
import { systemClock, type Clock } from '../core/clock'
import type { Connection, ScopedConnection } from '../core/connection'
import { createConnectionHandle, endLease, isConnectionHandle, isLeaseEnded } from '../core/connection-handle'
import { ForeignConnectionError, LeaseEndedError, PoolClosedError } from '../core/errors'
import type { EventListener } from '../core/events'
import { checkOptions, isDurationMs } from '../core/options'
import { systemRandom, type Random } from '../core/random'
import type { PooledConnection, PoolStrategy } from '../pool/pool-strategy'
import type {
  AcquireOptions,
  DatabaseConnectionService,
  QueryOptions,
  ServiceOptions,
  ServiceStats,
  TransactionOptions,
} from './connection-service'
import { describeHolders } from './describe-holders'
import { captureStack, LeaseRegistry } from './lease-registry'
import { Purpose } from './purposes'
import {
  defaultPurpose,
  requireDuration,
  requireKnown,
  resolveServiceOptions,
  type ResolvedDatabase,
  type ResolvedServiceOptions,
} from './service-options'
import { createStrategy, type StrategyFactory } from './strategies'
import { runTransaction } from './transaction'

/** What the service takes from its surroundings; every part has a default. */
export interface ServiceDeps {
  readonly clock: Clock
  readonly random: Random
  /** Hears what happens to connections. */
  readonly onEvent: EventListener
  /** Makes the pool of a database; the default knows `simple` and `mock`. */
  readonly createStrategy: StrategyFactory
}

/**
 * Makes the service that every connection of an application comes from. Nothing is connected before the first lease.
 *
 * @param options checked at once and copied: later changes of the object have no effect
 * @throws InvalidOptionError naming option, received and expected value
 * @example
 * const connections = createConnectionService({ databases: { connection: 'postgresql://app@localhost/app' } })
 * await using conn = await connections.connection()
 * await conn.query('SELECT 1')
 */
export function createConnectionService(
  options: ServiceOptions,
  deps: Partial<ServiceDeps> = {},
): DatabaseConnectionService {
  return new ConnectionService(resolveServiceOptions(options), deps)
}

interface Database {
  readonly options: ResolvedDatabase
  readonly strategy: PoolStrategy
}

const defaultCloseTimeoutMs = 10_000
const holderCount = 10

class ConnectionService implements DatabaseConnectionService {
  readonly #clock: Clock
  readonly #databases: ReadonlyMap<string, Database>
  readonly #defaultDatabase: string
  readonly #purposes: ReadonlyMap<string, Purpose>
  readonly #leases: LeaseRegistry
  #closing: Promise<void> | undefined

  constructor(options: ResolvedServiceOptions, deps: Partial<ServiceDeps>) {
    const { clock = systemClock, random = systemRandom, onEvent = ignoreEvent } = deps
    const makeStrategy = deps.createStrategy ?? createStrategy
    this.#clock = clock
    this.#databases = mapValues(options.databases, (database) => ({
      options: database,
      strategy: makeStrategy(database, { clock, random, onEvent }),
    }))
    this.#defaultDatabase = [...options.databases.keys()][0] ?? 'default'
    this.#purposes = mapValues(options.purposes, (purpose) => new Purpose(purpose, clock))
    this.#leases = new LeaseRegistry(clock, onEvent)
  }

  connection(purpose = defaultPurpose, options: AcquireOptions = {}): Promise<ScopedConnection> {
    return this.#lease(purpose, options)
  }

  async withConnection<T>(
    purpose: string,
    work: (connection: Connection) => T | Promise<T>,
    options: AcquireOptions = {},
  ): Promise<T> {
    const connection = await this.#lease(purpose, options)
    try {
      return await work(connection)
    } finally {
      if (!isLeaseEnded(connection)) endLease(connection)
    }
  }

  withTransaction<T>(
    purpose: string,
    work: (connection: Connection) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const { isolation, readOnly, ...acquire } = options
    const transaction = { ...(isolation && { isolation }), ...(readOnly !== undefined && { readOnly }) }
    return this.withConnection(
      purpose,
      (connection) => runTransaction(connection, work, transaction),
      acquire,
    )
  }

  acquireConnection(purpose = defaultPurpose, options: AcquireOptions = {}): Promise<Connection> {
    return this.#lease(purpose, options)
  }

  releaseConnection(connection: Connection, error?: unknown): void {
    if (isConnectionHandle(connection) && isLeaseEnded(connection)) {
      throw new LeaseEndedError('the connection was given back already; this second time changed nothing')
    }
    if (!this.#leases.has(connection)) {
      throw new ForeignConnectionError('the connection does not come from this service; nothing was changed')
    }
    endLease(connection, error)
  }

  query<R extends QueryResultRow = QueryResultRow>(
    statement: string | QueryConfig,
    values?: unknown[],
    options: QueryOptions = {},
  ): Promise<QueryResult<R>> {
    const { purpose = defaultPurpose, ...acquire } = options
    return this.withConnection(purpose, (connection) => connection.query<R>(statement, values), acquire)
  }

  stats(): ServiceStats {
    return {
      databases: Object.fromEntries(
        [...this.#databases].map(([name, { strategy }]) => [name, strategy.stats()]),
      ),
      purposes: Object.fromEntries([...this.#purposes].map(([name, purpose]) => [name, purpose.stats()])),
      longestHolders: this.#leases.longestHolders(holderCount),
    }
  }

  async trimIdle(count: number): Promise<number> {
    let closed = 0
    for (const { strategy } of this.#databases.values()) {
      if (closed < count) closed += await strategy.trimIdle(count - closed)
    }
    return closed
  }

  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkOptions('close', options, { timeoutMs: isDurationMs() })
    this.#closing ??= this.#closeAll(options.timeoutMs ?? defaultCloseTimeoutMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #closeAll(timeoutMs: number): Promise<void> {
    const timer = this.#clock.setTimer(() => {
      this.#leases.endAll(
        new PoolClosedError('the connection service was closed while the connection was out'),
      )
    }, timeoutMs)
    for (const purpose of this.#purposes.values()) purpose.close()
    try {
      await Promise.all([...this.#databases.values()].map(({ strategy }) => strategy.close()))
    } finally {
      this.#clock.clearTimer(timer)
    }
  }

  async #lease(purposeName: string, options: AcquireOptions): Promise<ScopedConnection> {
    const purpose = requireKnown('purpose', purposeName, this.#purposes)
    const database = requireKnown('database', options.database ?? this.#defaultDatabase, this.#databases)
    if (this.#closing !== undefined) throw new PoolClosedError('the connection service is closed')
    requireDuration(options.timeoutMs)
    const { leakThresholdMs } = database.options.pool
    // Before the first await: later the borrower is no longer on the stack.
    const stack = leakThresholdMs > 0 ? captureStack() : undefined
    const pooled = await purpose.count(() => this.#acquire(purpose, database, options, stack))
    const handle = createConnectionHandle(pooled.client, ({ discard }) => {
      this.#leases.remove(handle)
      purpose.countEnd()
      try {
        database.strategy.release(pooled, discard ? 'discard' : 'reuse')
      } finally {
        // A strategy of the user's own may throw; the place of the purpose is free all the same.
        purpose.leave()
      }
    })
    this.#leases.add(handle, { purpose: purposeName, stack, leakThresholdMs })
    return handle
  }

  /** One deadline and one signal for both queues: the purpose's and the pool's. */
  async #acquire(
    purpose: Purpose,
    { options: { pool }, strategy }: Database,
    { timeoutMs, signal, readOnly }: AcquireOptions,
    stack: string | undefined,
  ): Promise<PooledConnection> {
    const { name, acquireTimeoutMs = pool.acquireTimeoutMs } = purpose.options
    const allowedMs = timeoutMs ?? acquireTimeoutMs
    const startedMs = this.#clock.now()
    try {
      await purpose.enter(allowedMs, signal)
      try {
        return await strategy.acquire({
          purpose: name,
          timeoutMs: Math.max(0, allowedMs - (this.#clock.now() - startedMs)),
          readOnly: readOnly ?? purpose.options.readOnly,
          ...(signal && { signal }),
          ...(stack !== undefined && { stack }),
        })
      } catch (error) {
        purpose.leave()
        throw error
      }
    } catch (error) {
      throw describeHolders(error, this.#leases.longestHolders(holderCount), pool.leakThresholdMs)
    }
  }
}

function mapValues<K, A, B>(map: ReadonlyMap<K, A>, convert: (value: A) => B): ReadonlyMap<K, B> {
  return new Map([...map].map(([key, value]) => [key, convert(value)]))
}

function ignoreEvent(): void {
  // Nobody listens.
}
