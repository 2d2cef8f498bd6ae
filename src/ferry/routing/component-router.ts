import type { Clock } from '../../core/clock'
import type { Connection, ScopedConnection } from '../../core/connection'
import { endLease, isLeaseEnded } from '../../core/connection-handle'
import { PoolClosedError } from '../../core/errors'
import { rejectWith } from '../../core/reject-with'
import { runThen } from '../../core/run-then'
import type { Side } from '../catalog/side'
import type { ConnectionBudget } from './connection-budget'
import type { AcquireWatcher, FerryLease } from './ferry-lease'
import type { LeaseLedger } from './lease-ledger'
import { plainRequest, type RouteRequest, type SidePort } from './side-port'
import { SideCounters } from './side-counters'
import type { Unit, UnitScope } from './unit-of-work'

/** What the routers of one ferry share. */
export interface RouterDeps {
  readonly sides: Readonly<Record<Side, SidePort>>
  readonly scope: UnitScope
  readonly ledger: LeaseLedger
  readonly budget: ConnectionBudget | undefined
  readonly clock: Clock
  /** Whether the ferry takes no new leases any more. */
  readonly isClosed: () => boolean
  /** Whether the time is over that leases had to come back when the ferry was closed. */
  readonly isOverdue: () => boolean
}

/**
 * Every acquire and give-back of one component, whichever API it comes through. An acquire that needs no wait is made at once, in
 * plain calls; everything else, refusals included, goes the long way.
 */
export class ComponentRouter implements AcquireWatcher {
  readonly counters = new SideCounters()

  constructor(
    readonly name: string,
    readonly index: number,
    readonly purpose: string,
    readonly deps: RouterDeps,
  ) {}

  /**
   * Hands out a connection of the side that the unit around the call is on; without one, the acquire is its own unit.
   *
   * @throws PoolClosedError after the ferry was closed; errors of the side pass through.
   */
  acquire(request: RouteRequest = plainRequest): Promise<ScopedConnection> {
    return Promise.resolve(this.take(request))
  }

  /** The same for whoever has more to do before its caller gets the connection: no promise when there was no wait. */
  take(request: RouteRequest = plainRequest): ScopedConnection | Promise<ScopedConnection> {
    const { scope } = this.deps
    return this.#takeIn(scope.current(this.index) ?? scope.begin(this.index), request)
  }

  /** Runs `work` with a connection that goes back when it settles. The body is a unit of work: what it acquires agrees. */
  withConnection<T>(
    work: (connection: Connection) => T | Promise<T>,
    request: RouteRequest = plainRequest,
  ): Promise<T> {
    const { scope } = this.deps
    const outer = scope.current(this.index)
    const unit = outer ?? scope.begin(this.index)
    const end = (): void => {
      if (outer === undefined) unit.hasEnded = true
    }
    try {
      const taken = this.#takeIn(unit, request)
      if (!(taken instanceof Promise)) return Promise.resolve(this.#runIn(unit, taken, { work, end }))
      return taken.then(
        (connection) => this.#runIn(unit, connection, { work, end }),
        (error: unknown) => {
          end()
          throw error
        },
      )
    } catch (error) {
      end()
      return rejectWith(error)
    }
  }

  /**
   * Gives a connection back to where it came from; the promise resolves when it has arrived and never rejects.
   *
   * @throws ForeignConnectionError, LeaseEndedError at the call
   */
  giveBack(connection: unknown, error?: unknown): Promise<void> {
    return this.deps.ledger.giveBack(connection, error).whenReturned()
  }

  /** Whether the ferry handed `connection` out and its lease has not ended. */
  isOut(connection: unknown): boolean {
    return this.deps.ledger.find(connection) !== undefined && !isLeaseEnded(connection)
  }

  #runIn<T>(
    unit: Unit,
    connection: ScopedConnection,
    { work, end }: { work: (connection: Connection) => T | Promise<T>; end: () => void },
  ): T | Promise<T> {
    return runThen(
      () => this.#workIn(unit, connection, work),
      () => {
        let last: Promise<void> | undefined
        try {
          last = this.#takeBack(connection)
        } finally {
          if (last === undefined) end()
        }
        return last?.finally(end)
      },
    )
  }

  /** No promise when the connection is back where it came from at once. */
  #takeBack(connection: ScopedConnection): Promise<void> | undefined {
    // The body may have given it back itself.
    if (isLeaseEnded(connection)) return undefined
    const lease = this.deps.ledger.giveBack(connection)
    return lease.isReturned ? undefined : lease.whenReturned()
  }

  #workIn<T>(unit: Unit, connection: ScopedConnection, work: (connection: Connection) => T): T {
    const { scope, sides } = this.deps
    const port = sides[unit.side]
    if (port.runHolding === undefined) return scope.within(unit, work, connection)
    return scope.within(unit, port.runHolding<T>, connection, work)
  }

  lent(lease: FerryLease, connection: ScopedConnection): void {
    const { ledger, isOverdue } = this.deps
    ledger.handedOut(lease, connection)
    this.counters.succeeded(lease.side, this.#turnNow() - lease.startedAtMs)
    if (!isOverdue()) return
    // Came too late for the close, which has ended everybody else's lease.
    const error = this.#closedError()
    endLease(connection, error)
    throw error
  }

  refused(lease: FerryLease): void {
    this.deps.ledger.failed(lease)
    this.counters.failed(lease.side, this.#turnNow() - lease.startedAtMs)
  }

  #takeIn(unit: Unit, request: RouteRequest): ScopedConnection | Promise<ScopedConnection> {
    const { ledger, sides, budget, isClosed } = this.deps
    if (isClosed()) return Promise.reject(this.#closedError())
    const port = sides[unit.side]
    const lease = ledger.begin(unit, { port, watcher: this, startedAtMs: this.#turnNow() })
    const purpose = request.purpose ?? this.purpose
    if (port.take === undefined || budget !== undefined) return this.#acquire(lease, port, request)
    try {
      return port.take(purpose, request, lease)
    } catch (error) {
      this.refused(lease)
      return rejectWith(error)
    }
  }

  /** An idle connection opens nothing, so it needs no room in the budget. */
  #takeIdle(lease: FerryLease, port: SidePort, request: RouteRequest): ScopedConnection | undefined {
    const { budget } = this.deps
    if (port.tryAcquire === undefined || budget?.isUncontended(lease.side) === false) return undefined
    try {
      return port.tryAcquire(request.purpose ?? this.purpose, request)
    } catch {
      // The long way meets the same refusal, and counts it.
      return undefined
    }
  }

  #acquire(
    lease: FerryLease,
    port: SidePort,
    request: RouteRequest,
  ): ScopedConnection | Promise<ScopedConnection> {
    const idle = this.#takeIdle(lease, port, request)
    if (idle === undefined) return this.#acquireLater(lease, port, request)
    this.lent(lease, idle)
    return idle
  }

  async #acquireLater(lease: FerryLease, port: SidePort, request: RouteRequest): Promise<ScopedConnection> {
    const { budget } = this.deps
    let connection: ScopedConnection
    try {
      connection =
        budget === undefined
          ? await port.acquire(request.purpose ?? this.purpose, request, lease)
          : await this.#acquireWithin(budget, lease, request)
    } catch (error) {
      this.refused(lease)
      throw error
    }
    this.lent(lease, connection)
    return connection
  }

  async #acquireWithin(
    budget: ConnectionBudget,
    lease: FerryLease,
    request: RouteRequest,
  ): Promise<ScopedConnection> {
    const { side } = lease
    const { rest } = await budget.enter(side, request)
    try {
      return await this.deps.sides[side].acquire(request.purpose ?? this.purpose, rest, lease)
    } finally {
      budget.leave(side)
    }
  }

  #closedError(): PoolClosedError {
    return new PoolClosedError(`the ferry was closed; component '${this.name}' takes no new connections`)
  }

  /** Exact enough to add up how long acquires took. */
  #turnNow(): number {
    const { clock } = this.deps
    return clock.turnNow?.() ?? clock.now()
  }
}
