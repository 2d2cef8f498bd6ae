import type { Pool, QueryConfig, QueryResult, QueryResultRow } from 'pg'
import { systemClock, type Clock } from '../core/clock'
import type { Connection, ScopedConnection } from '../core/connection'
import { endLease, isConnectionHandle, isLeaseEnded } from '../core/connection-handle'
import { ForeignConnectionError, LeaseEndedError, PoolClosedError } from '../core/errors'
import type { EventListener } from '../core/events'
import { checkOptions, isCount, isDurationMs } from '../core/options'
import { rejectWith } from '../core/reject-with'
import { isThenable } from '../core/run-then'
import { systemRandom, type Random } from '../core/random'
import { tracedPools } from '../core/tracing'
import type { PoolLimits, PoolStrategy } from '../pool/pool-strategy'
import type {
  AcquireOptions,
  DatabaseConnectionService,
  QueryOptions,
  ServiceOptions,
  ServiceStats,
  TransactionOptions,
} from './connection-service'
import { leaseSource, type LeaseSource } from './lease-source'
import { Lender } from './lender'
import { Purpose } from './purposes'
import { resolveLimits } from './resolve-limits'
import { ServiceDatabase } from './service-database'
import { checkTransactionOptions, refuseCallback, requireWork } from './call-options'
import { resolveServiceOptions, type ResolvedServiceOptions } from './service-options'
import { createStrategy, type StrategyFactory } from './strategies'
import { ServicePgPools } from './service-pg-pool'
import { SharedStatements } from './shared-statements'
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

const defaultCloseTimeoutMs = 10_000
const holderCount = 10

class ConnectionService implements DatabaseConnectionService {
  readonly #clock: Clock
  readonly #databases: ReadonlyMap<string, ServiceDatabase>
  readonly #purposes: ReadonlyMap<string, Purpose>
  readonly #maxConnections: number
  readonly #lender: Lender
  readonly #statements: SharedStatements
  readonly #pgPools = new ServicePgPools({
    acquireConnection: (purpose) => this.acquireConnection(purpose),
    releaseConnection: (connection, error) => {
      this.releaseConnection(connection, error)
    },
    tryAcquire: (purpose) => this.#lender.tryAcquire(purpose, undefined),
    stats: () => this.stats(),
  })
  #closing: Promise<void> | undefined

  constructor(options: ResolvedServiceOptions, deps: Partial<ServiceDeps>) {
    const { clock = systemClock, random = systemRandom, onEvent = ignoreEvent } = deps
    const makeStrategy = deps.createStrategy ?? createStrategy
    this.#clock = clock
    this.#databases = mapValues(
      options.databases,
      (database) => new ServiceDatabase(database, makeStrategy(database, { clock, random, onEvent }), clock),
    )
    this.#purposes = mapValues(options.purposes, (purpose) => new Purpose(purpose, clock))
    this.#maxConnections = options.maxConnections
    this.#lender = new Lender({
      databases: this.#databases,
      purposes: this.#purposes,
      detectNestedAcquire: options.detectNestedAcquire,
      clock,
      onEvent,
      onWait: (database) => {
        this.#statements.yieldLanes(database)
      },
    })
    this.#statements = new SharedStatements({
      clock,
      explain: (error, route) => this.#lender.explain(error, route),
      onWait: () => {
        this.#lender.noteWait()
      },
      onLease: (route, work, request) => {
        const { name } = route.database.options
        return this.withConnection(route.name, work, { database: name, ...request })
      },
    })
  }

  connection(purpose?: string, options?: AcquireOptions): Promise<ScopedConnection> {
    return this.#lender.acquire(purpose, options)
  }

  withConnection<T>(
    purpose: string,
    work: (connection: Connection) => T | Promise<T>,
    options?: AcquireOptions,
  ): Promise<T> {
    try {
      requireWork(work)
      const taken = this.#lender.take(purpose, options)
      return isConnectionHandle(taken)
        ? Promise.resolve(this.#runWith(taken, work))
        : this.#runLater(taken, work)
    } catch (error) {
      return rejectWith(error)
    }
  }

  withTransaction<T>(
    purpose: string,
    work: (connection: Connection) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    try {
      requireWork(work)
      checkTransactionOptions(options)
    } catch (error) {
      return rejectWith(error)
    }
    const { isolation, readOnly, ...acquire } = options
    const transaction = { ...(isolation && { isolation }), ...(readOnly !== undefined && { readOnly }) }
    return this.withConnection(
      purpose,
      (connection) => runTransaction(connection, work, transaction),
      acquire,
    )
  }

  acquireConnection(purpose?: string, options?: AcquireOptions): Promise<Connection> {
    return this.#lender.acquire(purpose, options)
  }

  releaseConnection(connection: Connection, error?: unknown): void {
    const lease = this.#lender.leases.find(connection)
    if (lease === undefined) throw notOut(connection)
    lease.end(error)
  }

  query<R extends QueryResultRow = QueryResultRow>(
    statement: string | QueryConfig,
    values?: unknown[],
    options: QueryOptions = {},
  ): Promise<QueryResult<R>> {
    try {
      refuseCallback(statement, values)
      const { purpose, database, ...patience } = options
      const route = this.#lender.routeOf(purpose, {
        ...(database !== undefined && { database }),
        ...patience,
      })
      const isNested = this.#lender.wouldNest(route)
      return this.#statements.query<R>(
        route,
        statement,
        values,
        isNested ? { ...patience, isNested } : patience,
      )
    } catch (error) {
      return rejectWith(error)
    }
  }

  pgPool(purpose?: string): Pool {
    // Told now rather than at the first connect.
    this.#lender.routeOf(purpose, undefined)
    return this.#pgPools.get(purpose)
  }

  stats(): ServiceStats {
    return {
      databases: Object.fromEntries(
        [...this.#databases].map(([name, { strategy }]) => [name, strategy.stats()]),
      ),
      purposes: Object.fromEntries([...this.#purposes].map(([name, purpose]) => [name, purpose.stats()])),
      longestHolders: this.#lender.leases.longestHolders(holderCount),
    }
  }

  async trimIdle(count: number): Promise<number> {
    checkOptions('', { count }, { count: isCount(0) })
    let closed = 0
    for (const { strategy } of this.#databases.values()) {
      if (closed < count) closed += await strategy.trimIdle(count - closed)
    }
    return closed
  }

  resize(limits: PoolLimits | Readonly<Record<string, PoolLimits>>): void {
    const resolved = resolveLimits(limits, this.#databases, this.#maxConnections)
    for (const [database, change] of resolved) database.strategy.resize(change)
  }

  async drain(reason: string): Promise<void> {
    await Promise.all([...this.#databases.values()].map(({ strategy }) => strategy.drain(reason)))
  }

  evict(reason: string): number {
    let count = 0
    for (const { strategy } of this.#databases.values()) count += evictFrom(strategy, reason)
    return count
  }

  suspend(): void {
    for (const database of this.#databases.values()) database.suspend()
  }

  resume(): void {
    for (const database of this.#databases.values()) database.resume()
  }

  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkOptions('close', options, { timeoutMs: isDurationMs() })
    this.#closing ??= this.#closeAll(options.timeoutMs ?? defaultCloseTimeoutMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get [leaseSource](): LeaseSource {
    return {
      take: (purpose, options, claim) => this.#lender.take(purpose, options, claim),
      tryAcquire: (purpose, options) => this.#lender.tryAcquire(purpose, options),
      runHolding: (connection, work) => this.#lender.runHolding(connection, work),
      poolStats: () => [...this.#databases.values()].map(({ strategy }) => strategy.stats()),
    }
  }

  [tracedPools](): ReadonlyMap<string, object> {
    return mapValues(this.#databases, ({ strategy }) => strategy)
  }

  // Apart, because a function that has a closure in it makes room for what that closes over each time it is called.
  #runLater<T>(
    taken: Promise<ScopedConnection>,
    work: (connection: Connection) => T | Promise<T>,
  ): Promise<T> {
    return taken.then((connection) => this.#runWith(connection, work))
  }

  #runWith<T>(
    connection: ScopedConnection,
    work: (connection: Connection) => T | Promise<T>,
  ): T | Promise<T> {
    let result: T | Promise<T>
    try {
      result = this.#lender.runHolding(connection, work)
    } catch (error) {
      endUnlessEnded(connection)
      throw error
    }
    if (isThenable(result)) return settleAndEnd(result, connection)
    endUnlessEnded(connection)
    return result
  }

  async #closeAll(timeoutMs: number): Promise<void> {
    this.#lender.isClosed = true
    const { leases } = this.#lender
    const timer = this.#clock.setTimer(() => {
      leases.endAll(new PoolClosedError('the connection service was closed while the connection was out'))
      this.#statements.abandon()
    }, timeoutMs)
    for (const purpose of this.#purposes.values()) purpose.close()
    try {
      const statements = this.#statements.close()
      await Promise.all([...this.#databases.values()].map((database) => database.close()))
      await statements
    } finally {
      this.#clock.clearTimer(timer)
      this.#lender.close()
    }
  }
}

function settleAndEnd<T>(result: Promise<T>, connection: ScopedConnection): Promise<T> {
  const running = result instanceof Promise ? result : Promise.resolve(result)
  return running.then(
    (value: T) => {
      endUnlessEnded(connection)
      return value
    },
    (error: unknown) => {
      endUnlessEnded(connection)
      throw error
    },
  )
}

/** The work may have given it back itself. */
function endUnlessEnded(connection: ScopedConnection): void {
  if (!isLeaseEnded(connection)) endLease(connection)
}

function evictFrom(strategy: PoolStrategy, reason: string): number {
  if (strategy.evict !== undefined) return strategy.evict(reason)
  const { total, closing } = strategy.stats()
  void strategy.drain(reason)
  return total - closing
}

function notOut(connection: Connection): Error {
  return isLeaseEnded(connection)
    ? new LeaseEndedError('the connection was given back already; this second time changed nothing')
    : new ForeignConnectionError('the connection does not come from this service; nothing was changed')
}

function mapValues<K, A, B>(map: ReadonlyMap<K, A>, convert: (value: A) => B): ReadonlyMap<K, B> {
  return new Map([...map].map(([key, value]) => [key, convert(value)]))
}

function ignoreEvent(): void {
  // Nobody listens.
}
