import type { ScopedConnection } from '../../core/connection'
import type { LeaseObserver } from '../../core/lease'
import type { Side } from '../catalog/side'
import { toldBy, type Claim } from '../../service/lease-source'
import type { ReturnTarget, SidePort } from './side-port'
import type { Unit } from './unit-of-work'

/** Keeps the leases of one ferry. */
export interface LeaseKeeper {
  /** The origin has the connection back. */
  close(lease: FerryLease): void
}

/** Where acquires come from, and who hears how they end. */
export interface AcquireWatcher {
  readonly ledger: LeaseKeeper
  /** Index of the component. */
  readonly index: number
  /** May throw when the connection must not reach its caller; it has given it back then. */
  lent(lease: FerryLease, connection: ScopedConnection): void
  refused(lease: FerryLease): void
}

const alreadyBack = Promise.resolve()

/**
 * Where one connection came from; it goes back there whatever the flags say by then. It hangs on the handle's own lease.
 * One is made for each acquire, so it is small, and its fields are assigned by the constructor alone.
 */
export class FerryLease implements LeaseObserver, ReturnTarget, Claim {
  /** Absent for an acquire that is a unit of its own. */
  declare readonly unit: Unit | undefined
  declare readonly side: Side
  declare handle: ScopedConnection | undefined
  /** Its place in the ledger. */
  declare place: number
  declare isReturned: boolean
  /** When an acquire began that has to wait. */
  declare startedAtMs: number | undefined
  declare private readonly watcher: AcquireWatcher
  declare private readonly port: SidePort
  /** Of whoever stands between the router and the call site. */
  declare private readonly claim: Claim | undefined
  declare private observers: (() => void)[] | undefined

  constructor(
    watcher: AcquireWatcher,
    port: SidePort,
    side: Side,
    unit: Unit | undefined,
    claim: Claim | undefined,
  ) {
    this.unit = unit
    this.side = side
    this.handle = undefined
    this.place = -1
    this.isReturned = false
    this.startedAtMs = undefined
    this.watcher = watcher
    this.port = port
    this.claim = claim
    this.observers = undefined
  }

  lent(connection: ScopedConnection): void {
    try {
      this.watcher.lent(this, connection)
    } catch (error) {
      throw toldBy(this.claim, error)
    }
    this.claim?.lent(connection)
  }

  refused(error: unknown): unknown {
    // It was lent: whoever threw then has given it back, and the claim has been told.
    if (this.handle !== undefined) return error
    this.watcher.refused(this)
    return toldBy(this.claim, error)
  }

  get component(): number {
    return this.watcher.index
  }

  /** Name of the pool behind the side. */
  get pool(): string {
    return this.port.pool
  }

  isOf(keeper: LeaseKeeper): boolean {
    return this.watcher.ledger === keeper
  }

  leaseEnded(): void {
    if (this.port.returnsAtEnd) this.returned()
  }

  returned(): void {
    if (this.isReturned) return
    this.isReturned = true
    this.watcher.ledger.close(this)
    if (this.observers === undefined) return
    for (const observer of this.observers) observer()
  }

  whenReturned(): Promise<void> {
    if (this.isReturned) return alreadyBack
    return new Promise((resolve) => (this.observers ??= []).push(resolve))
  }
}
