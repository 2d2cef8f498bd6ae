import type { Clock } from '../core/clock'
import type { ScopedConnection } from '../core/connection'
import { isConnectionHandle, lend } from '../core/connection-handle'
import { PoolClosedError } from '../core/errors'
import type { EventListener } from '../core/events'
import { rejectWith } from '../core/reject-with'
import { acquireTrace } from '../core/tracing'
import { snapshotOf } from '../pool/pool-errors'
import type { AcquireRequest, PooledConnection } from '../pool/pool-strategy'
import { createAbortError } from '../pool/wait-queue'
import { checkAcquireOptions } from './call-options'
import type { AcquireOptions } from './connection-service'
import { describeHolders } from './describe-holders'
import { LeaseOrigin } from './lease-origin'
import { toldBy, type Claim } from './lease-source'
import { LeaseRegistry } from './lease-registry'
import { NestedAcquires } from './nested-acquire'
import type { NestedWait } from './nested-wait'
import { PendingAcquire, type PendingOwner } from './pending-acquire'
import type { Purpose } from './purposes'
import { Route } from './route'
import type { ServiceDatabase } from './service-database'
import { ServiceLease } from './service-lease'
import { defaultPurpose, requireDuration, requireKnown, requireTarget } from './service-options'

export interface LenderOptions {
  /** The first is the default. */
  readonly databases: ReadonlyMap<string, ServiceDatabase>
  readonly purposes: ReadonlyMap<string, Purpose>
  readonly detectNestedAcquire: boolean
  readonly clock: Clock
  readonly onEvent: EventListener
  /** Somebody has to wait for a connection of this database. */
  readonly onWait?: (database: ServiceDatabase) => void
}

const holderCount = 10

/**
 * Makes leases. One that needs no wait is made at once, in plain calls; everything else, waits and refusals, is in the other
 * half.
 */
export class Lender {
  readonly leases: LeaseRegistry
  isClosed = false
  readonly #options: LenderOptions
  readonly #clock: Clock
  /** Routes of the default database, by purpose. */
  readonly #defaultRoutes: ReadonlyMap<string, Route>
  readonly #otherRoutes: ReadonlyMap<ServiceDatabase, ReadonlyMap<string, Route>>
  readonly #nested: NestedAcquires | undefined
  /** The half of this that ends a wait. */
  readonly #owner: PendingOwner

  constructor(options: LenderOptions) {
    const { databases, purposes, clock, onEvent } = options
    this.#options = options
    this.#clock = clock
    this.leases = new LeaseRegistry(clock, onEvent)
    const routesOf = (database: ServiceDatabase): ReadonlyMap<string, Route> =>
      new Map(
        [...purposes].map(([name, purpose]) => [
          name,
          new Route(purpose, database, { keeper: this.leases, clock }),
        ]),
      )
    this.#owner = {
      begin: (route, pooled, origin) => this.#begin(route, pooled, origin),
      failed: (error, route, nested) => this.#failed(error, route, nested),
    }
    this.#otherRoutes = new Map([...databases.values()].map((database) => [database, routesOf(database)]))
    this.#defaultRoutes = [...this.#otherRoutes.values()][0] ?? new Map()
    const hasTightRoutes = [...this.#otherRoutes.values()].some((routes) =>
      [...routes.values()].some(({ isTight }) => isTight),
    )
    const countWaiting = (): number =>
      [...purposes.values()].reduce((sum, { waitingCount }) => sum + waitingCount, 0)
    this.#nested = options.detectNestedAcquire
      ? new NestedAcquires({ clock, leases: this.leases, hasTightRoutes, countWaiting, onEvent })
      : undefined
  }

  /** Resolves with a connection; every refusal is a rejection. */
  acquire(purpose: string | undefined, options: AcquireOptions | undefined): Promise<ScopedConnection> {
    try {
      const taken = this.take(purpose, options)
      return isConnectionHandle(taken) ? Promise.resolve(taken) : taken
    } catch (error) {
      return rejectWith(error)
    }
  }

  /**
   * The same without a promise when there is nothing to wait for.
   *
   * @throws InvalidOptionError, PoolClosedError at the call; every other refusal is a rejection
   */
  take(
    purpose: string | undefined,
    options: AcquireOptions | undefined,
    claim?: Claim,
  ): ScopedConnection | Promise<ScopedConnection> {
    const route = this.routeOf(purpose, options)
    return acquireTrace.isActive
      ? this.#takeTraced(route, options, claim)
      : this.#takeOn(route, options, claim)
  }

  /**
   * What {@link Lender.acquire} does when it need not wait; `undefined` when it would have to wait or be refused.
   *
   * @throws InvalidOptionError, PoolClosedError
   */
  tryAcquire(purpose: string | undefined, options: AcquireOptions | undefined): ScopedConnection | undefined {
    // The message belongs to an acquire as a whole; whoever listens gets the long way.
    if (acquireTrace.isActive) return undefined
    const route = this.routeOf(purpose, options)
    const origin = route.leakThresholdMs > 0 ? new LeaseOrigin() : undefined
    const request = route.toRequest(options, origin)
    if (!mayTry(route, request) || !route.purpose.tryEnter()) return undefined
    const handle = this.#leaseAtOnce(route, request, origin)
    if (handle === undefined) route.purpose.leave()
    return handle
  }

  /** Ends what looks after leases and waits. */
  close(): void {
    this.leases.close()
    this.#nested?.close()
  }

  /** Runs `work` with a connection of this lender as the one it holds. */
  runHolding<T>(connection: ScopedConnection, work: (connection: ScopedConnection) => T): T {
    const nested = this.#nested
    if (nested?.isRemembering !== true) return work(connection)
    const lease = this.leases.find(connection)
    return lease === undefined || !nested.remembers(lease.route) ? work(connection) : nested.run(lease, work)
  }

  /** @throws InvalidOptionError, PoolClosedError */
  routeOf(purpose = defaultPurpose, options: AcquireOptions | undefined): Route {
    const route =
      options?.database === undefined
        ? this.#defaultRoutes.get(purpose)
        : this.#otherRoutes
            .get(requireKnown('database', options.database, this.#options.databases))
            ?.get(purpose)
    if (this.isClosed) throw new PoolClosedError('the connection service is closed')
    if (options !== undefined) {
      checkAcquireOptions(options)
      requireDuration(options.timeoutMs)
      requireTarget(options.target)
    }
    // Only to be told what is wrong with it.
    return route ?? (requireKnown('purpose', purpose, this.#options.purposes) as never)
  }

  // Apart, because a function that has a closure in it makes room for what that closes over each time it is called.
  #takeTraced(
    route: Route,
    options: AcquireOptions | undefined,
    claim: Claim | undefined,
  ): Promise<ScopedConnection> {
    const work = (): Promise<ScopedConnection> => Promise.resolve(this.#takeOn(route, options, claim))
    return acquireTrace.promise({ ...route.origin }, work, this.#clock)
  }

  #takeOn(
    route: Route,
    options: AcquireOptions | undefined,
    claim: Claim | undefined,
  ): ScopedConnection | Promise<ScopedConnection> {
    // Before the first wait: later the borrower is no longer on the stack.
    const origin = route.leakThresholdMs > 0 ? new LeaseOrigin() : undefined
    const request = route.toRequest(options, origin)
    if (!mayTry(route, request) || !route.purpose.tryEnter())
      return this.#queueUp(new PendingAcquire(this.#owner, route, request, origin, claim))
    const handle = this.#leaseAtOnce(route, request, origin)
    if (handle === undefined)
      return this.#leaseLater(new PendingAcquire(this.#owner, route, request, origin, claim))
    claim?.lent(handle)
    return handle
  }

  /** With a place of the purpose: an idle connection, if there is one. */
  #leaseAtOnce(
    route: Route,
    request: AcquireRequest,
    origin: LeaseOrigin | undefined,
  ): ScopedConnection | undefined {
    let pooled: PooledConnection | undefined
    try {
      pooled = route.database.strategy.tryAcquire?.(request)
    } catch (error) {
      route.purpose.leave()
      throw error
    }
    if (pooled === undefined) return undefined
    route.purpose.countLease()
    return this.#begin(route, pooled, origin)
  }

  /** With a place of the purpose: waits for the pool. */
  #leaseLater(pending: PendingAcquire): Promise<ScopedConnection> {
    const { route, request, origin } = pending
    route.purpose.countWait()
    this.#options.onWait?.(route.database)
    pending.nested = this.#nested?.wait('pool', route, request.signal, origin)
    return pending.start()
  }

  /** Without a place of the purpose, or at a closed door. One deadline and one signal for all queues, the pool's included. */
  async #queueUp(pending: PendingAcquire): Promise<ScopedConnection> {
    const { route, request, origin, claim } = pending
    const { purpose, database } = route
    const { signal, timeoutMs = route.timeoutMs } = request
    const startedMs = this.#clock.now()
    const restMs = (): number => Math.max(0, timeoutMs - (this.#clock.now() - startedMs))
    let nested: NestedWait | undefined
    let hasEntered = false
    purpose.countWait()
    try {
      if (signal?.aborted === true) throw createAbortError(signal)
      if (!purpose.tryEnter()) {
        nested = this.#nested?.wait('purpose', route, signal, origin)
        await purpose.enter(timeoutMs, nested?.signal ?? signal)
        nested?.end()
      }
      hasEntered = true
      if (database.isHeldBack) await database.pass(restMs(), signal)
    } catch (error) {
      if (hasEntered) purpose.leave()
      throw toldBy(claim, this.#failed(error, route, nested))
    }
    purpose.countWaited()
    const rest = restMs()
    if (rest !== timeoutMs) pending.request = { ...request, timeoutMs: rest }
    return this.#leaseLater(pending)
  }

  #failed(error: unknown, route: Route, nested: NestedWait | undefined): unknown {
    nested?.end()
    route.purpose.countWaited()
    route.purpose.countFailure()
    return this.explain(nested?.refusal ?? error, route, nested)
  }

  /** Tells with an error of a wait what is known of those who hold the connections. */
  explain(error: unknown, route: Route, nested?: NestedWait): unknown {
    return describeHolders(error, this.leases.longestHolders(holderCount), {
      pool: () => snapshotOf(route.database.strategy.stats()),
      leakThresholdMs: route.leakThresholdMs,
      heldPurpose: nested?.heldPurpose,
      isCircleSuspected: this.#nested?.isSuspected === true,
    })
  }

  /** Whether the caller works with a connection, and would wait for another one until somebody gives one back. */
  wouldNest(route: Route): boolean {
    return this.#nested?.wouldNest(route) === true
  }

  /** Somebody waits for a connection by a way of its own. */
  noteWait(): void {
    this.#nested?.noteWait()
  }

  #begin(route: Route, pooled: PooledConnection, origin: LeaseOrigin | undefined): ScopedConnection {
    const lease = new ServiceLease(route, pooled, origin)
    this.leases.add(lease)
    return lend(lease)
  }
}

/** Whether an acquire gets as far as the pool without a wait, its purpose's limit aside. */
function mayTry({ database }: Route, { signal }: AcquireRequest): boolean {
  return !database.isHeldBack && signal?.aborted !== true
}
