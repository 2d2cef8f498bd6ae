import type { ScopedConnection } from '../core/connection'
import type { AcquireReceiver, AcquireRequest, PooledConnection } from '../pool/pool-strategy'
import type { LeaseOrigin } from './lease-origin'
import { toldBy, type Claim } from './lease-source'
import type { NestedWait } from './nested-wait'
import type { Route } from './route'

/** Who makes the lease when the wait is over, or the error. */
export interface PendingOwner {
  begin(route: Route, pooled: PooledConnection, origin: LeaseOrigin | undefined): ScopedConnection
  /** What the caller is told instead of `error`. */
  failed(error: unknown, route: Route, nested: NestedWait | undefined): unknown
}

/**
 * One acquire that waits, first for its purpose perhaps, then for the pool, which tells it what became of it. One object for all of a
 * wait, and its fields are assigned by the constructor alone: there may be as many as callers.
 */
export class PendingAcquire implements AcquireReceiver {
  declare readonly route: Route
  declare request: AcquireRequest
  declare readonly origin: LeaseOrigin | undefined
  declare readonly claim: Claim | undefined
  /** The wait for the pool, when the caller holds a connection of it already. */
  declare nested: NestedWait | undefined
  declare private readonly owner: PendingOwner
  declare private resolve: ((connection: ScopedConnection) => void) | undefined
  declare private reject: ((reason: unknown) => void) | undefined

  constructor(
    owner: PendingOwner,
    route: Route,
    request: AcquireRequest,
    origin: LeaseOrigin | undefined,
    claim: Claim | undefined,
  ) {
    this.owner = owner
    this.route = route
    this.request = request
    this.origin = origin
    this.claim = claim
    this.nested = undefined
    this.resolve = undefined
    this.reject = undefined
  }

  /** With a place of the purpose: waits for the pool. The promise is the only one that a wait costs. */
  start(): Promise<ScopedConnection> {
    const connection = new Promise<ScopedConnection>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    const { nested, request } = this
    const { strategy } = this.route.database
    const asked = nested === undefined ? request : { ...request, signal: nested.signal }
    try {
      if (strategy.acquireLater !== undefined) strategy.acquireLater(asked, this)
      else strategy.acquire(asked).then(this.deliver.bind(this), this.refuse.bind(this))
    } catch (error) {
      this.refuse(error)
    }
    return connection
  }

  // What must not be done in the context of whoever gives a connection back is the caller's to do, behind its promise.
  deliver(pooled: PooledConnection): void {
    const { route, claim, nested } = this
    try {
      nested?.end()
      route.purpose.countWaited()
      route.purpose.countLease()
      const handle = this.owner.begin(route, pooled, this.origin)
      claim?.lent(handle)
      this.resolve?.(handle)
    } catch (error) {
      this.reject?.(error)
    }
  }

  refuse(error: unknown): void {
    const { route, claim, nested } = this
    route.purpose.leave()
    this.reject?.(toldBy(claim, this.owner.failed(error, route, nested)))
  }
}
