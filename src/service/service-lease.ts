import { Lease, type LeaseEnd } from '../core/lease'
import type { QueryTracing } from '../core/trace-query'
import { releaseTrace } from '../core/tracing'
import type { PooledConnection, ReleaseOutcome } from '../pool/pool-strategy'
import type { LeaseOrigin } from './lease-origin'
import type { Route } from './route'

/** Whoever waits holds up these: the purpose's limit, or the database's pool. */
export type Contended = 'purpose' | 'pool'

/** One lease of the service. It is its own entry in the registry's list, so that finding and removing it takes no look-up. */
export class ServiceLease extends Lease {
  readonly route: Route
  readonly pooled: PooledConnection
  readonly origin: LeaseOrigin | undefined
  /** When it began, by the registry's clock. */
  readonly sinceMs: number
  previous: ServiceLease | undefined
  next: ServiceLease | undefined
  /** Reported as held too long. */
  isOverdue = false
  /** The lease in whose work this one's work runs. */
  outer: ServiceLease | undefined
  // Acquires that wait inside the work of this lease, by what they wait for.
  #poolWaits = 0
  #purposeWaits = 0

  constructor(route: Route, pooled: PooledConnection, origin: LeaseOrigin | undefined) {
    super(pooled.client)
    this.route = route
    this.pooled = pooled
    this.origin = origin
    this.sinceMs = route.keeper.turnNow()
  }

  override get tracing(): QueryTracing {
    return this.route.tracing
  }

  /** An acquire inside the work of this lease begins to wait. */
  block(contended: Contended): void {
    const count = contended === 'pool' ? this.#poolWaits++ : this.#purposeWaits++
    if (count === 0) this.#resource(contended).blockedCount++
  }

  unblock(contended: Contended): void {
    const count = contended === 'pool' ? --this.#poolWaits : --this.#purposeWaits
    if (count === 0 && !this.isEnded) this.#resource(contended).blockedCount--
  }

  protected override takeBack({ discard }: LeaseEnd): void {
    const { purpose, keeper } = this.route
    keeper.remove(this)
    if (this.#poolWaits + this.#purposeWaits > 0) this.#unblockAll()
    purpose.countEnd()
    try {
      this.#giveBack(discard ? 'discard' : 'reuse')
    } finally {
      // A strategy of the user's own may throw; the place of the purpose is free all the same.
      purpose.leave()
    }
  }

  /** Whatever still waits in what was its work waits for somebody else now. */
  #unblockAll(): void {
    if (this.#poolWaits > 0) this.#resource('pool').blockedCount--
    if (this.#purposeWaits > 0) this.#resource('purpose').blockedCount--
  }

  #resource(contended: Contended): { blockedCount: number } {
    return contended === 'pool' ? this.route.database : this.route.purpose
  }

  #giveBack(outcome: ReleaseOutcome): void {
    const { pooled, route } = this
    const { strategy } = route.database
    if (!releaseTrace.isActive) {
      strategy.release(pooled, outcome)
      return
    }
    const heldMs = route.keeper.now() - this.sinceMs
    releaseTrace.sync({ ...route.origin, heldMs, outcome }, () => {
      strategy.release(pooled, outcome)
    })
  }
}
