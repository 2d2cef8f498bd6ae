import type { ScopedConnection } from '../../core/connection'
import type { LeaseObserver } from '../../core/lease'
import type { Side } from '../catalog/side'
import type { Claim } from '../../service/lease-source'
import type { ReturnTarget, SidePort } from './side-port'
import type { Unit } from './unit-of-work'

/** Keeps the leases of one ferry. */
export interface LeaseKeeper {
  /** The origin has the connection back. */
  close(lease: FerryLease): void
}

/** Hears how acquires end. */
export interface AcquireWatcher {
  /** May throw when the connection must not reach its caller; it has given it back then. */
  lent(lease: FerryLease, connection: ScopedConnection): void
  refused(lease: FerryLease): void
}

export interface AcquireStart {
  readonly port: SidePort
  readonly watcher: AcquireWatcher
  readonly startedAtMs: number
}

const alreadyBack = Promise.resolve()

/** Where one connection came from; it goes back there whatever the flags say by then. It hangs on the handle's own lease. */
export class FerryLease implements LeaseObserver, ReturnTarget, Claim {
  readonly unit: Unit
  handle: ScopedConnection | undefined
  previous: FerryLease | undefined
  next: FerryLease | undefined
  isReturned = false
  readonly #keeper: LeaseKeeper
  readonly #port: SidePort
  readonly #watcher: AcquireWatcher
  readonly startedAtMs: number
  #observers: (() => void)[] | undefined

  constructor(keeper: LeaseKeeper, unit: Unit, { port, watcher, startedAtMs }: AcquireStart) {
    this.#keeper = keeper
    this.unit = unit
    this.#port = port
    this.#watcher = watcher
    this.startedAtMs = startedAtMs
  }

  lent(connection: ScopedConnection): void {
    this.#watcher.lent(this, connection)
  }

  refused(): void {
    this.#watcher.refused(this)
  }

  get component(): number {
    return this.unit.component
  }

  get side(): Side {
    return this.unit.side
  }

  /** Name of the pool behind the side. */
  get pool(): string {
    return this.#port.pool
  }

  /** Generation of the side table when the unit began. */
  get generation(): number {
    return this.unit.generation
  }

  isOf(keeper: LeaseKeeper): boolean {
    return this.#keeper === keeper
  }

  leaseEnded(): void {
    if (this.#port.returnsAtEnd) this.returned()
  }

  returned(): void {
    if (this.isReturned) return
    this.isReturned = true
    this.#keeper.close(this)
    if (this.#observers === undefined) return
    for (const observer of this.#observers) observer()
  }

  whenReturned(): Promise<void> {
    if (this.isReturned) return alreadyBack
    return new Promise((resolve) => (this.#observers ??= []).push(resolve))
  }
}
