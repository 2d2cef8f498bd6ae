import type { Clock, TimerHandle } from '../core/clock'
import type { LeaseHolder } from '../core/errors'
import { emitSafely, type EventListener } from '../core/events'
import { leaseOf } from '../core/lease'
import { Places } from '../core/places'
import { stackOf } from './lease-origin'
import type { LeaseKeeper } from './route'
import { ServiceLease } from './service-lease'

/** All leases that are out. One timer looks after those that are held too long. */
export class LeaseRegistry implements LeaseKeeper {
  readonly #clock: Clock
  readonly #onEvent: EventListener | undefined
  readonly #out = new Places<ServiceLease>()
  #timer: TimerHandle | undefined
  #timerAtMs = Infinity
  /** Leases that have ended since the start. */
  endedCount = 0

  constructor(clock: Clock, onEvent: EventListener | undefined) {
    this.#clock = clock
    this.#onEvent = onEvent
  }

  now(): number {
    return this.#clock.now()
  }

  /** Exact enough for how long something is held, at a fraction of the cost. */
  turnNow(): number {
    return this.#clock.turnNow?.() ?? this.#clock.now()
  }

  add(lease: ServiceLease): void {
    this.#out.add(lease)
    const { leakThresholdMs } = lease.route
    if (leakThresholdMs > 0 && lease.sinceMs + leakThresholdMs < this.#timerAtMs) {
      this.#watchFrom(lease.sinceMs + leakThresholdMs)
    }
  }

  remove(lease: ServiceLease): void {
    this.endedCount++
    this.#out.remove(lease)
    if (lease.isOverdue) this.#report('overdue-lease-returned', lease)
  }

  /** The lease behind a handle, when it is one of these and has not ended. */
  find(handle: unknown): ServiceLease | undefined {
    const lease = leaseOf(handle)
    return lease instanceof ServiceLease && lease.route.keeper === this && !lease.isEnded ? lease : undefined
  }

  /** Whether any lease is out. */
  get hasAny(): boolean {
    return this.#out.size > 0
  }

  /** The oldest first. */
  [Symbol.iterator](): IterableIterator<ServiceLease> {
    return this.#out
      .members()
      .sort((a, b) => a.sinceMs - b.sinceMs)
      .values()
  }

  /** The oldest leases first. */
  longestHolders(count: number): readonly LeaseHolder[] {
    const now = this.#clock.now()
    return [...this].slice(0, count).map(({ route, sinceMs, origin }) => ({
      purpose: route.name,
      heldMs: now - sinceMs,
      ...stackOf(origin),
    }))
  }

  /** Ends every lease under its borrower; the connections are closed. */
  endAll(error: Error): void {
    for (const lease of this) if (!lease.isEnded) lease.end(error)
  }

  /** Nobody is looked after any more. */
  close(): void {
    this.#timerAtMs = -Infinity
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
  }

  /** The timer stays when leases end in time, which is the rule: it then finds the next one to wait for. */
  #watchFrom(atMs: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timerAtMs = atMs
    const look = (): void => {
      this.#look()
    }
    this.#timer = this.#clock.setTimer(look, Math.max(0, atMs - this.#clock.now()), { isBackground: true })
  }

  #look(): void {
    const now = this.#clock.now()
    this.#timer = undefined
    this.#timerAtMs = Infinity
    let nextMs = Infinity
    for (const lease of this) {
      const { leakThresholdMs } = lease.route
      if (lease.isOverdue || leakThresholdMs === 0) continue
      const atMs = lease.sinceMs + leakThresholdMs
      if (atMs > now) nextMs = Math.min(nextMs, atMs)
      else {
        lease.noteOverdue()
        this.#report('lease-overdue', lease)
      }
    }
    // A listener may have begun a lease, or closed the service.
    if (nextMs < this.#timerAtMs) this.#watchFrom(nextMs)
  }

  #report(kind: 'lease-overdue' | 'overdue-lease-returned', lease: ServiceLease): void {
    const heldMs = this.#clock.now() - lease.sinceMs
    emitSafely(this.#onEvent, { kind, purpose: lease.route.name, heldMs, ...stackOf(lease.origin) })
  }
}
