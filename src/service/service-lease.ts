import { Lease, type LeaseEnd } from '../core/lease'
import type { QueryTracing } from '../core/trace-query'
import { releaseTrace } from '../core/tracing'
import type { PooledConnection, ReleaseOutcome } from '../pool/pool-strategy'
import type { LeaseOrigin } from './lease-origin'
import type { Route } from './route'

/** Whoever waits holds up these: the purpose's limit, or the database's pool. */
export type Contended = 'purpose' | 'pool'

/** What few leases have; most end without it. */
class Circumstances {
  readonly origin: LeaseOrigin | undefined
  /** The lease in whose work this one's work runs. */
  outer: ServiceLease | undefined
  /** Reported as held too long. */
  isOverdue = false
  // Acquires that wait inside the work of the lease, by what they wait for.
  poolWaits = 0
  purposeWaits = 0

  constructor(origin: LeaseOrigin | undefined) {
    this.origin = origin
  }
}

/**
 * One lease of the service. It knows its place in the registry, so that finding and removing it takes no look-up.
 * As small as its base class, for the same reason.
 */
export class ServiceLease extends Lease {
  declare readonly route: Route
  declare readonly pooled: PooledConnection
  /** When it began, by the registry's clock. */
  declare readonly sinceMs: number
  /** Its place in the registry. */
  declare place: number
  declare private circumstances: Circumstances | undefined

  constructor(route: Route, pooled: PooledConnection, origin: LeaseOrigin | undefined) {
    super(pooled.client)
    this.route = route
    this.pooled = pooled
    this.sinceMs = route.keeper.turnNow()
    this.place = -1
    this.circumstances = origin === undefined ? undefined : new Circumstances(origin)
  }

  override get tracing(): QueryTracing {
    return this.route.tracing
  }

  get origin(): LeaseOrigin | undefined {
    return this.circumstances?.origin
  }

  /** The lease in whose work this one's work runs. */
  get outer(): ServiceLease | undefined {
    return this.circumstances?.outer
  }

  set outer(lease: ServiceLease | undefined) {
    if (lease !== undefined || this.circumstances !== undefined) this.among().outer = lease
  }

  /** Reported as held too long. */
  get isOverdue(): boolean {
    return this.circumstances?.isOverdue === true
  }

  noteOverdue(): void {
    this.among().isOverdue = true
  }

  /** An acquire inside the work of this lease begins to wait. */
  block(contended: Contended): void {
    const circumstances = this.among()
    const count = contended === 'pool' ? circumstances.poolWaits++ : circumstances.purposeWaits++
    if (count === 0) resourceOf(this, contended).blockedCount++
  }

  unblock(contended: Contended): void {
    const circumstances = this.among()
    const count = contended === 'pool' ? --circumstances.poolWaits : --circumstances.purposeWaits
    if (count === 0 && !this.isEnded) resourceOf(this, contended).blockedCount--
  }

  protected override takeBack({ discard }: LeaseEnd): void {
    const { route, circumstances } = this
    const { purpose, keeper } = route
    keeper.remove(this)
    if (circumstances !== undefined) unblockAll(this, circumstances)
    purpose.countEnd()
    try {
      giveBack(this, discard ? 'discard' : 'reuse')
    } finally {
      // A strategy of the user's own may throw; the place of the purpose is free all the same.
      purpose.leave()
    }
  }

  private among(): Circumstances {
    return (this.circumstances ??= new Circumstances(undefined))
  }
}

// Functions, because private methods would cost each lease a mark that it has them.

/** Whatever still waits in what was its work waits for somebody else now. */
function unblockAll(lease: ServiceLease, { poolWaits, purposeWaits }: Circumstances): void {
  if (poolWaits > 0) resourceOf(lease, 'pool').blockedCount--
  if (purposeWaits > 0) resourceOf(lease, 'purpose').blockedCount--
}

function resourceOf({ route }: ServiceLease, contended: Contended): { blockedCount: number } {
  return contended === 'pool' ? route.database : route.purpose
}

function giveBack({ pooled, route, sinceMs }: ServiceLease, outcome: ReleaseOutcome): void {
  const { strategy } = route.database
  if (!releaseTrace.isActive) {
    strategy.release(pooled, outcome)
    return
  }
  const heldMs = route.keeper.now() - sinceMs
  releaseTrace.sync({ ...route.origin, heldMs, outcome }, () => {
    strategy.release(pooled, outcome)
  })
}
