import type { ScopedConnection } from '../../core/connection'
import { endLease, isLeaseEnded } from '../../core/connection-handle'
import { ForeignConnectionError } from '../../core/errors'
import { leaseOf, type LeaseObserver } from '../../core/lease'
import { Places } from '../../core/places'
import type { Side } from '../catalog/side'
import { FerryLease, type LeaseKeeper } from './ferry-lease'

/** Knows every lease of the ferry, and how many are out. */
export class LeaseLedger implements LeaseKeeper {
  /** Called when an origin has a connection back. */
  onReturned: (() => void) | undefined
  readonly #leases = new Places<FerryLease>()
  #openCount = 0
  #drainWaiters: (() => void)[] = []
  readonly #isMine = (observer: LeaseObserver): observer is FerryLease =>
    observer instanceof FerryLease && observer.isOf(this)

  /** Notes an acquire under way; {@link LeaseLedger.failed} or the lease's `returned` ends it. */
  begin({ unit }: FerryLease): void {
    if (unit !== undefined) unit.openCount += 1
    this.#openCount += 1
  }

  handedOut(lease: FerryLease, handle: ScopedConnection): void {
    if (lease.isReturned) return
    lease.handle = handle
    this.#leases.add(lease)
    // Told at once of one that was taken away on its way here, by whoever closed the side.
    leaseOf(handle)?.observe(lease)
  }

  failed(lease: FerryLease): void {
    lease.isReturned = true
    this.#settle(lease)
  }

  close(lease: FerryLease): void {
    if (lease.handle !== undefined) this.#leases.remove(lease)
    this.#settle(lease)
    this.onReturned?.()
  }

  /** The lease behind a handle, ended or not; `undefined` for anything that this ferry did not hand out. */
  find(handle: unknown): FerryLease | undefined {
    return leaseOf(handle)?.findObserver(this.#isMine)
  }

  /**
   * Gives a connection back to where it came from: `whenReturned` of what it answers tells when it has arrived there.
   *
   * @throws ForeignConnectionError for what this ferry did not hand out, LeaseEndedError for a second give-back; both with
   * nothing changed.
   */
  giveBack(handle: unknown, error?: unknown): FerryLease {
    const held = leaseOf(handle)
    const lease = held?.findObserver(this.#isMine)
    if (held === undefined || lease === undefined) {
      throw new ForeignConnectionError(
        'the connection was not handed out by this ferry; give it back to whoever it was acquired from',
      )
    }
    held.end(error)
    return lease
  }

  /** All that is out, to whichever component. */
  handles(): readonly ScopedConnection[] {
    return this.#leases.members().flatMap(({ handle }) => handle ?? [])
  }

  /** Leases out now, by side; of all components, or of one. */
  outBySide(component?: number): Readonly<Record<Side, number>> {
    const counts = { legacy: 0, service: 0 }
    for (const lease of this.#leases.members()) {
      if (component === undefined || lease.component === component) counts[lease.side] += 1
    }
    return counts
  }

  /** Resolves when nothing is out and no acquire is under way. */
  drained(): Promise<void> {
    if (this.#openCount === 0) return Promise.resolve()
    return new Promise((resolve) => this.#drainWaiters.push(resolve))
  }

  /** Ends every lease under its borrower; the connections are closed. */
  endAll(error: Error): void {
    for (const { handle, isReturned } of this.#leases.members()) {
      // Ended by its borrower already, and on its way back.
      if (handle !== undefined && !isReturned && !isLeaseEnded(handle)) endLease(handle, error)
    }
  }

  #settle({ unit }: FerryLease): void {
    if (unit !== undefined) unit.openCount -= 1
    this.#openCount -= 1
    if (this.#openCount > 0) return
    const waiters = this.#drainWaiters
    if (waiters.length === 0) return
    this.#drainWaiters = []
    for (const resolve of waiters) resolve()
  }
}
