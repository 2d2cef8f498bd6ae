import type { ScopedConnection } from '../../core/connection'
import { endLease } from '../../core/connection-handle'
import { leaseOf, type LeaseEnd, type LeaseObserver } from '../../core/lease'
import type { Claim } from '../../service/lease-source'

/** Who counts checkouts and tells of them. */
export interface CheckoutDesk {
  /** May throw what a listener threw. */
  announce(client: ScopedConnection): void
  lent(): void
  refused(): void
  returned(client: ScopedConnection, end: LeaseEnd): void
}

/**
 * One client of a routed `pg.Pool`, from `connect()` to `release()`; it hangs on the client's own lease. One is made for each, so its
 * fields are assigned by the constructor alone.
 */
export class Checkout implements Claim, LeaseObserver {
  declare private readonly desk: CheckoutDesk
  /** Whether somebody tells of it later, in the context of its caller. */
  declare private readonly isAnnouncedLater: boolean
  declare private client: ScopedConnection | undefined

  constructor(desk: CheckoutDesk, isAnnouncedLater: boolean) {
    this.desk = desk
    this.isAnnouncedLater = isAnnouncedLater
    this.client = undefined
  }

  lent(client: ScopedConnection): void {
    this.client = client
    leaseOf(client)?.observe(this)
    this.desk.lent()
    if (!this.isAnnouncedLater) this.announce(client)
  }

  refused(error: unknown): unknown {
    this.desk.refused()
    return error
  }

  announce(client: ScopedConnection): void {
    try {
      this.desk.announce(client)
    } catch (error) {
      // A listener threw: nobody gets the connection, so nobody would give it back.
      endLease(client, error)
      throw error
    }
  }

  leaseEnded(end: LeaseEnd): void {
    if (this.client !== undefined) this.desk.returned(this.client, end)
  }
}
