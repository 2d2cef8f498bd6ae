import type { Clock } from '../../core/clock'
import type { Connection, ScopedConnection } from '../../core/connection'
import { endLease, isLeaseEnded } from '../../core/connection-handle'
import { PoolClosedError } from '../../core/errors'
import type { Side } from '../catalog/side'
import type { ConnectionBudget } from './connection-budget'
import type { LeaseLedger } from './lease-ledger'
import type { RouteRequest, SidePort } from './side-port'
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

/** Every acquire and give-back of one component, whichever API it comes through. */
export class ComponentRouter {
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
  acquire(request: RouteRequest = {}): Promise<ScopedConnection> {
    return this.#acquireIn(this.#unit(), request)
  }

  /** Runs `work` with a connection that goes back when it settles. The body is a unit of work: what it acquires agrees. */
  async withConnection<T>(
    work: (connection: Connection) => T | Promise<T>,
    request: RouteRequest = {},
  ): Promise<T> {
    const { scope } = this.deps
    const outer = scope.current(this.index)
    const unit = outer ?? scope.begin(this.index)
    try {
      const connection = await this.#acquireIn(unit, request)
      try {
        return await scope.within(unit, () => work(connection))
      } finally {
        // The body may have given it back itself.
        if (!isLeaseEnded(connection)) await this.giveBack(connection)
      }
    } finally {
      if (outer === undefined) unit.hasEnded = true
    }
  }

  /**
   * Gives a connection back to where it came from; the promise resolves when it has arrived and never rejects.
   *
   * @throws ForeignConnectionError, LeaseEndedError at the call
   */
  giveBack(connection: unknown, error?: unknown): Promise<void> {
    return this.deps.ledger.giveBack(connection, error)
  }

  /** Whether the ferry handed `connection` out and its lease has not ended. */
  isOut(connection: unknown): boolean {
    return this.deps.ledger.find(connection) !== undefined && !isLeaseEnded(connection)
  }

  #unit(): Unit {
    const { scope } = this.deps
    return scope.current(this.index) ?? scope.begin(this.index)
  }

  async #acquireIn(unit: Unit, request: RouteRequest): Promise<ScopedConnection> {
    const { ledger, sides, clock, isClosed, isOverdue } = this.deps
    if (isClosed()) throw this.#closedError()
    const port = sides[unit.side]
    const lease = ledger.begin(unit, port.pool)
    const startedAtMs = clock.now()
    let connection: ScopedConnection
    try {
      connection = await this.#withPermit(unit.side, request, (bounded) =>
        port.acquire({ ...bounded, purpose: request.purpose ?? this.purpose }, () => {
          ledger.returned(lease)
          this.deps.budget?.changed()
        }),
      )
    } catch (error) {
      ledger.failed(lease)
      this.counters.failed(unit.side, clock.now() - startedAtMs)
      throw error
    }
    ledger.handedOut(lease, connection)
    this.counters.succeeded(unit.side, clock.now() - startedAtMs)
    if (!isOverdue()) return connection
    // Came too late for the close, which has ended everybody else's lease.
    const error = this.#closedError()
    endLease(connection, error)
    throw error
  }

  #closedError(): PoolClosedError {
    return new PoolClosedError(`the ferry was closed; component '${this.name}' takes no new connections`)
  }

  async #withPermit(
    side: Side,
    request: RouteRequest,
    open: (request: RouteRequest) => Promise<ScopedConnection>,
  ): Promise<ScopedConnection> {
    const { budget } = this.deps
    if (budget === undefined) return open(request)
    const permit = await budget.enter(side, request)
    try {
      return await open(permit.rest)
    } finally {
      permit.leave()
    }
  }
}
