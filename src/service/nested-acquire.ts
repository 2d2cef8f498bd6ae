import { AsyncLocalStorage } from 'node:async_hooks'
import type { ScopedConnection } from '../core/connection'
import { NestedAcquireError } from '../core/errors'
import { emitSafely, type EventListener } from '../core/events'
import { stackOf, type LeaseOrigin } from './lease-origin'
import type { Route } from './route'
import type { Contended, ServiceLease } from './service-lease'

/** One acquire that waits inside the work of others. */
export interface NestedWait {
  /** Purpose of the lease that the caller holds. */
  readonly heldPurpose: string
  /** The wait is over; again is no harm. */
  end(): void
}

/**
 * Knows which lease the running code works with, so that an acquire inside which has to wait is named, and refused when nobody
 * is left who could give a connection back. Only work that runs inside `withConnection` counts: it alone certainly holds its
 * connection until it ends. Siblings under a `Promise.all` do not hold each other's connections.
 */
export class NestedAcquires {
  readonly #storage = new AsyncLocalStorage<ServiceLease>()
  readonly #onEvent: EventListener | undefined

  constructor(onEvent: EventListener | undefined) {
    this.#onEvent = onEvent
  }

  /** Runs `work` as that of `lease`. */
  run<T>(lease: ServiceLease, work: (connection: ScopedConnection) => T): T {
    const outer = liveLease(this.#storage.getStore())
    lease.outer = outer
    // Else a chain of tasks, each begun by the one before, would keep all their leases.
    if (outer !== undefined) outer.outer = liveLease(outer.outer)
    return this.#storage.run(lease, work, lease.handle as ScopedConnection)
  }

  /**
   * To be called by an acquire that has to wait until somebody else gives something back.
   *
   * @returns `undefined` when the caller holds nothing of the kind
   * @throws NestedAcquireError when everybody who could give it back waits too
   */
  wait(contended: Contended, route: Route, origin: LeaseOrigin | undefined): NestedWait | undefined {
    const held = this.#held(contended, route)
    const [nearest] = held
    if (nearest === undefined || (contended === 'pool' && !route.database.isFull())) return undefined
    const heldPurpose = nearest.route.name
    emitSafely(this.#onEvent, {
      kind: 'nested-acquire',
      purpose: route.name,
      heldPurpose,
      ...stackOf(origin),
    })
    for (const lease of held) lease.block(contended)
    const end = (): void => {
      for (const lease of held.splice(0)) lease.unblock(contended)
    }
    const max = stuckAt(contended, route)
    if (max === undefined) return { heldPurpose, end }
    end()
    throw new NestedAcquireError(describe(contended, route, { heldPurpose, max }))
  }

  /** What the caller holds of that for which it would wait, the innermost first. */
  #held(contended: Contended, { purpose, database }: Route): ServiceLease[] {
    const held: ServiceLease[] = []
    for (let lease = liveLease(this.#storage.getStore()); lease; lease = liveLease(lease.outer)) {
      const { route } = lease
      if (contended === 'pool' ? route.database === database : route.purpose === purpose) held.push(lease)
    }
    return held
  }
}

/** The nearest lease from `lease` outwards that has not ended: work that was left behind by its `withConnection` holds nothing. */
function liveLease(lease: ServiceLease | undefined): ServiceLease | undefined {
  let live = lease
  while (live?.isEnded === true) live = live.outer
  return live
}

/** The limit, when every lease within it waits for another one. */
function stuckAt(contended: Contended, { purpose, database }: Route): number | undefined {
  if (contended === 'purpose') {
    const { max } = purpose.options
    return purpose.blockedCount >= max ? max : undefined
  }
  const { leased, max } = database.strategy.stats()
  return leased >= max && database.blockedCount >= leased ? max : undefined
}

function describe(
  contended: Contended,
  { name, database }: Route,
  { heldPurpose, max }: { heldPurpose: string; max: number },
): string {
  const limit = contended === 'pool' ? 'pool.max' : `purposes.${name}.max`
  const all =
    contended === 'pool'
      ? `all connections of database '${database.options.name}' (max ${String(max)})`
      : `all connections of that purpose (max ${String(max)})`
  return (
    `a connection for purpose '${name}' was asked for by work that holds one for purpose '${heldPurpose}', and ${all} are held ` +
    `by work that waits for another one, so none would ever come back. Pass the connection that is held to the inner call, ` +
    `or raise ${limit}`
  )
}
