import type { Connection, ScopedConnection } from '../../core/connection'
import { endLease, isConnectionHandle, isLeaseEnded } from '../../core/connection-handle'
import { PoolClosedError } from '../../core/errors'
import { rejectWith } from '../../core/reject-with'
import { isThenable, thenAnswer, thenThrow } from '../../core/run-then'
import { toldBy, type Claim } from '../../service/lease-source'
import type { Side } from '../catalog/side'
import type { ConnectionBudget } from './connection-budget'
import { FerryLease, type AcquireWatcher } from './ferry-lease'
import type { LeaseLedger } from './lease-ledger'
import type { RouterDeps } from './router-deps'
import { plainRequest, type RouteRequest, type SidePort } from './side-port'
import { SideCounters } from './side-counters'
import { endUnit, type Unit } from './unit-of-work'

type Work<T> = (connection: Connection) => T | Promise<T>

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

  get ledger(): LeaseLedger {
    return this.deps.ledger
  }

  /**
   * Hands out a connection of the side that the unit around the call is on; without one, the acquire is its own unit.
   *
   * @throws PoolClosedError after the ferry was closed; errors of the side pass through.
   */
  acquire(request: RouteRequest = plainRequest): Promise<ScopedConnection> {
    const taken = this.take(request)
    return isConnectionHandle(taken) ? Promise.resolve(taken) : taken
  }

  /** The same without a promise when there was no wait, and for whoever has to book it before its caller has the connection. */
  take(request: RouteRequest, claim?: Claim): ScopedConnection | Promise<ScopedConnection> {
    const { scope } = this.deps
    const innermost = scope.innermost()
    const unit = scope.current(this.index, innermost)
    const side = unit === undefined ? scope.decide(this.index, innermost) : unit.side
    return this.#takeOn(side, unit, request, claim)
  }

  /** Runs `work` with a connection that goes back when it settles. The body is a unit of work: what it acquires agrees. */
  withConnection<T>(work: Work<T>, request: RouteRequest = plainRequest): Promise<T> {
    const { scope } = this.deps
    const innermost = scope.innermost()
    const around = scope.current(this.index, innermost)
    const unit = around ?? scope.begin(this.index, undefined, innermost)
    // One that begins here ends with the work.
    const own = around === undefined ? unit : undefined
    try {
      const taken = this.#takeOn(unit.side, unit, request)
      if (isConnectionHandle(taken)) return Promise.resolve(this.#runWith(taken, unit, own, work))
      return taken.then(
        (connection) => this.#runWith(connection, unit, own, work),
        (error: unknown) => {
          endUnit(own)
          throw error
        },
      )
    } catch (error) {
      endUnit(own)
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

  #runWith<T>(
    connection: ScopedConnection,
    unit: Unit,
    own: Unit | undefined,
    work: Work<T>,
  ): T | Promise<T> {
    let result: T | Promise<T>
    try {
      result = this.#workIn(unit, own, connection, work)
    } catch (error) {
      return thenThrow(this.#finish(connection, own), error)
    }
    if (!isThenable(result)) return thenAnswer(this.#finish(connection, own), result)
    const running = result instanceof Promise ? result : Promise.resolve(result)
    return running.then(
      (value: T) => thenAnswer(this.#finish(connection, own), value),
      (error: unknown) => thenThrow(this.#finish(connection, own), error),
    )
  }

  #workIn<T>(unit: Unit, own: Unit | undefined, connection: ScopedConnection, work: Work<T>): T | Promise<T> {
    const { scope, sides } = this.deps
    const { runHolding } = sides[unit.side]
    if (own === undefined) return runHolding === undefined ? work(connection) : runHolding(connection, work)
    return runHolding === undefined
      ? scope.within(own, work, connection, undefined)
      : scope.within(own, runHolding<T | Promise<T>>, connection, work)
  }

  /** Takes the connection back, and ends the unit then; no promise when that is done at once. */
  #finish(connection: ScopedConnection, own: Unit | undefined): Promise<void> | undefined {
    let last: Promise<void> | undefined
    try {
      last = this.#takeBack(connection)
    } finally {
      if (last === undefined) endUnit(own)
    }
    return last?.finally(() => {
      endUnit(own)
    })
  }

  /** No promise when the connection is back where it came from at once. */
  #takeBack(connection: ScopedConnection): Promise<void> | undefined {
    // The body may have given it back itself.
    if (isLeaseEnded(connection)) return undefined
    const lease = this.deps.ledger.giveBack(connection)
    return lease.isReturned ? undefined : lease.whenReturned()
  }

  lent(lease: FerryLease, connection: ScopedConnection): void {
    const { ledger, isOverdue } = this.deps
    ledger.handedOut(lease, connection)
    this.counters.succeeded(lease.side, this.#waitedMs(lease))
    if (!isOverdue()) return
    // Came too late for the close, which has ended everybody else's lease.
    const error = this.#closedError()
    endLease(connection, error)
    throw error
  }

  refused(lease: FerryLease): void {
    this.deps.ledger.failed(lease)
    this.counters.failed(lease.side, this.#waitedMs(lease))
  }

  #takeOn(
    side: Side,
    unit: Unit | undefined,
    request: RouteRequest,
    claim?: Claim,
  ): ScopedConnection | Promise<ScopedConnection> {
    const { ledger, sides, budget, isClosed } = this.deps
    if (isClosed()) return rejectWith(toldBy(claim, this.#closedError()))
    const port = sides[side]
    const lease = new FerryLease(this, port, side, unit, claim)
    ledger.begin(lease)
    try {
      if (port.take === undefined || budget !== undefined) return this.#acquire(lease, port, request)
      const taken = port.take(request.purpose ?? this.purpose, request, lease)
      if (!isConnectionHandle(taken)) lease.startedAtMs = this.#turnNow()
      return taken
    } catch (error) {
      return rejectWith(lease.refused(error))
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
    lease.lent(idle)
    return idle
  }

  async #acquireLater(lease: FerryLease, port: SidePort, request: RouteRequest): Promise<ScopedConnection> {
    const { budget } = this.deps
    lease.startedAtMs = this.#turnNow()
    let connection: ScopedConnection
    try {
      connection =
        budget === undefined
          ? await port.acquire(request.purpose ?? this.purpose, request, lease)
          : await this.#acquireWithin(budget, lease, request)
    } catch (error) {
      throw lease.refused(error)
    }
    lease.lent(connection)
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

  /** One that did not have to wait began in this very turn. */
  #waitedMs({ startedAtMs }: FerryLease): number {
    return startedAtMs === undefined ? 0 : this.#turnNow() - startedAtMs
  }

  /** Exact enough to add up how long acquires took. */
  #turnNow(): number {
    const { clock } = this.deps
    return clock.turnNow?.() ?? clock.now()
  }
}
