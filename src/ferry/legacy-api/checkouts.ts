import type { ScopedConnection } from '../../core/connection'
import { endLease } from '../../core/connection-handle'
import { leaseOf, type Lease, type LeaseEnd, type LeaseObserver } from '../../core/lease'
import type { Claim } from '../../service/lease-source'

/** Who counts checkouts and tells of them. */
export interface CheckoutDesk {
  /** May throw what a listener threw. */
  announce(client: ScopedConnection): void
  lent(): void
  refused(): void
  returned(client: ScopedConnection, end: LeaseEnd): void
}

/** The clients of a routed `pg.Pool`, from `connect()` to `release()`: one object for all, which hears of each from its own lease. */
export class Checkouts implements Claim, LeaseObserver {
  readonly #desk: CheckoutDesk
  /** Whether somebody tells of each later, in the context of its caller. */
  readonly #areAnnouncedLater: boolean

  constructor(desk: CheckoutDesk, areAnnouncedLater: boolean) {
    this.#desk = desk
    this.#areAnnouncedLater = areAnnouncedLater
  }

  lent(client: ScopedConnection): void {
    this.#desk.lent()
    leaseOf(client)?.observe(this)
    if (!this.#areAnnouncedLater) this.announce(client)
  }

  refused(error: unknown): unknown {
    this.#desk.refused()
    return error
  }

  announce(client: ScopedConnection): void {
    try {
      this.#desk.announce(client)
    } catch (error) {
      // A listener threw: nobody gets the connection, so nobody would give it back.
      endLease(client, error)
      throw error
    }
  }

  leaseEnded(end: LeaseEnd, { handle }: Lease): void {
    if (handle !== undefined) this.#desk.returned(handle, end)
  }
}
