import type { QueryResult, QueryResultRow } from 'pg'
import type { Clock } from '../core/clock'
import type { Connection } from '../core/connection'
import type { QueryTracing } from '../core/trace-query'
import type { AcquireRequest, PooledConnection, ReleaseOutcome } from '../pool/pool-strategy'
import type { OneShotStatement } from './one-shot/exclusive-run'
import type { JobPatience } from './one-shot/job'
import type { ExclusiveRequest, LaneLease } from './one-shot/one-shot-options'
import { OneShotQueries } from './one-shot/one-shot-queries'
import type { Route } from './route'
import type { ServiceDatabase } from './service-database'

export interface SharedStatementsDeps {
  readonly clock: Clock
  /** Adds to an error what the service knows of those who hold the connections. */
  readonly explain: (error: unknown, route: Route) => unknown
  /** Statements begin to wait for a connection to share. */
  readonly onWait: () => void
  /** Runs `work` on a lease of its own. */
  readonly onLease: (
    route: Route,
    work: (connection: Connection) => Promise<unknown>,
    request: ExclusiveRequest,
  ) => Promise<unknown>
}

/** A pooled connection while statements share it. */
class SharedConnection implements LaneLease {
  readonly client: LaneLease['client']
  readonly tracing: QueryTracing
  constructor(
    readonly route: Route,
    readonly pooled: PooledConnection,
  ) {
    this.client = pooled.client
    this.tracing = route.tracing
  }
}

/**
 * The statements without a lease of a whole service: for each purpose at each database a few connections that they share, which are
 * ordinary leases of the pool and count for the purpose's limit.
 */
export class SharedStatements {
  readonly #deps: SharedStatementsDeps
  readonly #byRoute = new Map<Route, OneShotQueries>()
  readonly #out = new Set<LaneLease>()

  constructor(deps: SharedStatementsDeps) {
    this.#deps = deps
  }

  query<R extends QueryResultRow>(
    route: Route,
    statement: OneShotStatement,
    values: unknown[] | undefined,
    patience: JobPatience,
  ): Promise<QueryResult<R>> {
    let statements = this.#byRoute.get(route)
    if (statements === undefined) {
      statements = this.#create(route)
      this.#byRoute.set(route, statements)
    }
    return statements.query<R>(statement, values, patience)
  }

  /** Somebody waits for a connection of `database`: those that are shared go back sooner. */
  yieldLanes(database: ServiceDatabase): void {
    if (this.#byRoute.size === 0) return
    for (const [route, statements] of this.#byRoute) if (route.database === database) statements.yieldLanes()
  }

  /** Refuses new statements; resolves when those on their way are answered and the connections are back. */
  async close(): Promise<void> {
    await Promise.all([...this.#byRoute.values()].map((statements) => statements.close()))
  }

  /** Closes the connections under the statements that still run. */
  abandon(): void {
    for (const lease of [...this.#out]) this.#giveBack(lease, 'discard')
  }

  #create(route: Route): OneShotQueries {
    const { clock, explain, onLease } = this.#deps
    const { max } = route.database.options.pool
    return new OneShotQueries(
      // One connection is left for leases wherever there is more than one.
      {
        acquireTimeoutMs: route.timeoutMs,
        maxLanes: Math.max(1, Math.min(4, max - 1, route.purpose.options.max)),
      },
      {
        clock,
        explain: (error) => explain(error, route),
        lease: () => this.#lease(route),
        tryLease: () => this.#tryLease(route),
        giveBack: (lease, outcome) => {
          this.#giveBack(lease, outcome)
        },
        isContended: () => route.database.isContended(),
        onLease: (work, request) => onLease(route, work, request),
      },
    )
  }

  #tryLease(route: Route): LaneLease | undefined {
    if (route.database.isHeldBack || !route.purpose.tryEnter()) return undefined
    const pooled = route.database.strategy.tryAcquire?.(requestOf(route))
    if (pooled !== undefined) return this.#begin(route, pooled)
    route.purpose.leave()
    return undefined
  }

  async #lease(route: Route): Promise<LaneLease> {
    const { purpose } = route
    purpose.countWait()
    this.#deps.onWait()
    try {
      return await this.#leaseLater(route)
    } finally {
      purpose.countWaited()
    }
  }

  async #leaseLater(route: Route): Promise<LaneLease> {
    const { purpose, database, timeoutMs } = route
    if (!purpose.tryEnter()) await purpose.enter(timeoutMs, undefined)
    try {
      if (database.isHeldBack) await database.pass(timeoutMs, undefined)
      return this.#begin(route, await database.strategy.acquire(requestOf(route)))
    } catch (error) {
      purpose.leave()
      throw error
    }
  }

  #begin(route: Route, pooled: PooledConnection): LaneLease {
    route.purpose.countLease()
    const lease = new SharedConnection(route, pooled)
    this.#out.add(lease)
    return lease
  }

  #giveBack(lease: LaneLease, outcome: ReleaseOutcome): void {
    // Abandoned before, when the service was closed.
    if (!(lease instanceof SharedConnection) || !this.#out.delete(lease)) return
    const { route, pooled } = lease
    route.purpose.countEnd()
    route.database.strategy.release(pooled, outcome)
    route.purpose.leave()
  }
}

function requestOf(route: Route): AcquireRequest {
  return { ...route.toRequest(undefined, undefined), isOpenEnded: true }
}
