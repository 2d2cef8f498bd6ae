import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../core/clock'
import type { ScopedConnection } from '../core/connection'
import { emitSafely, type EventListener } from '../core/events'
import { DeadlockWatch } from './deadlock-watch'
import { stackOf, type LeaseOrigin } from './lease-origin'
import type { LeaseRegistry } from './lease-registry'
import { NestedWait } from './nested-wait'
import type { Route } from './route'
import type { Contended, ServiceLease } from './service-lease'
import { StallWatch } from './stall-watch'

export interface NestedAcquiresDeps {
  readonly clock: Clock
  readonly leases: LeaseRegistry
  /** Whether some limit is so low that its leases are always remembered. */
  readonly hasTightRoutes: boolean
  /** Acquires that wait, of the whole service. */
  readonly countWaiting: () => number
  readonly onEvent: EventListener | undefined
}

/**
 * Knows which lease the running code works with, so that an acquire inside which has to wait is named, and refused when nobody
 * is left who could give a connection back. Only work that runs inside `withConnection` counts: it alone certainly holds its
 * connection until it ends. Siblings under a `Promise.all` do not hold each other's connections.
 *
 * Remembering makes every promise of the process dearer. So it is done where a few callers are enough for a circle, and elsewhere
 * only while the service stalls: from the first time that callers wait and none of the leases ends ({@link StallWatch}).
 */
export class NestedAcquires {
  readonly #storage = new AsyncLocalStorage<ServiceLease>()
  readonly #onEvent: EventListener | undefined
  readonly #stalls: StallWatch
  readonly #deadlocks: DeadlockWatch
  readonly #hasTightRoutes: boolean
  /** Whether work was remembered that always is. */
  #hasRunTight = false

  constructor({ clock, leases, hasTightRoutes, countWaiting, onEvent }: NestedAcquiresDeps) {
    this.#onEvent = onEvent
    this.#hasTightRoutes = hasTightRoutes
    this.#deadlocks = new DeadlockWatch(clock, leases)
    this.#stalls = new StallWatch({
      clock,
      leases,
      countWaiting,
      onOver: () => {
        if (!this.#hasRunTight) this.#storage.disable()
      },
    })
  }

  /** Whether the work of some lease is remembered. */
  get isRemembering(): boolean {
    return this.#hasTightRoutes || this.#stalls.isStalling
  }

  /** Whether the work of this lease is remembered. */
  remembers(route: Route): boolean {
    return route.isTight || this.#stalls.isStalling
  }

  /** Whether the service has stalled for so long that a circle is likely, seen or not. */
  get isSuspected(): boolean {
    return this.#stalls.isLong
  }

  /** Runs `work` as that of `lease`. */
  run<T>(lease: ServiceLease, work: (connection: ScopedConnection) => T): T {
    this.#hasRunTight ||= lease.route.isTight
    const outer = liveLease(this.#storage.getStore())
    lease.outer = outer
    // Else a chain of tasks, each begun by the one before, would keep all their leases.
    if (outer !== undefined) outer.outer = liveLease(outer.outer)
    return this.#storage.run(lease, work, lease.handle as ScopedConnection)
  }

  /**
   * To be called by an acquire that has to wait until somebody else gives something back.
   *
   * @param signal the caller's own; the wait brings one that ends with it
   * @param origin where the caller stands, when it was looked for
   * @returns `undefined` when the caller holds nothing of the kind
   */
  wait(
    contended: Contended,
    route: Route,
    signal: AbortSignal | undefined,
    origin: LeaseOrigin | undefined,
  ): NestedWait | undefined {
    this.#stalls.someoneWaits()
    const innermost = liveLease(this.#storage.getStore())
    return innermost && this.#waitInside(innermost, contended, route, { signal, origin })
  }

  #waitInside(
    innermost: ServiceLease,
    contended: Contended,
    route: Route,
    { origin, signal }: { origin: LeaseOrigin | undefined; signal: AbortSignal | undefined },
  ): NestedWait | undefined {
    const held = heldFrom(innermost, contended, route)
    const [nearest] = held
    if (nearest === undefined || (contended === 'pool' && !route.database.isFull())) return undefined
    const heldPurpose = nearest.route.name
    emitSafely(this.#onEvent, {
      kind: 'nested-acquire',
      purpose: route.name,
      heldPurpose,
      ...stackOf(origin),
    })
    const wait = new NestedWait(contended, route, { held, heldPurpose, signal })
    this.#deadlocks.add(wait)
    return wait
  }

  /** Whether the running code holds a connection and would have to wait for another one. */
  wouldNest(route: Route): boolean {
    if (!this.isRemembering) return false
    const innermost = liveLease(this.#storage.getStore())
    if (innermost === undefined) return false
    const { purpose, database } = route
    return (
      (purpose.isFull && heldFrom(innermost, 'purpose', route).length > 0) ||
      (database.isFull() && heldFrom(innermost, 'pool', route).length > 0)
    )
  }

  /** An acquire that {@link NestedAcquires.wait} does not hear of has to wait. */
  noteWait(): void {
    this.#stalls.someoneWaits()
  }

  /** Nobody is looked after any more. */
  close(): void {
    this.#stalls.close()
    this.#deadlocks.close()
  }
}

/** What a caller holds of that for which it would wait, the innermost first. */
function heldFrom(
  innermost: ServiceLease,
  contended: Contended,
  { purpose, database }: Route,
): ServiceLease[] {
  const held: ServiceLease[] = []
  for (let lease: ServiceLease | undefined = innermost; lease; lease = liveLease(lease.outer)) {
    const { route } = lease
    if (contended === 'pool' ? route.database === database : route.purpose === purpose) held.push(lease)
  }
  return held
}

/** The nearest lease from `lease` outwards that has not ended: work that was left behind by its `withConnection` holds nothing. */
function liveLease(lease: ServiceLease | undefined): ServiceLease | undefined {
  let live = lease
  while (live?.isEnded === true) live = live.outer
  return live
}
