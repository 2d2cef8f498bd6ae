import type { Clock, TimerHandle } from '../core/clock'
import type { LeaseHolder } from '../core/errors'
import { emitSafely, type EventListener } from '../core/events'
import { leaseOf } from '../core/lease'
import { stackOf } from './lease-origin'
import type { LeaseKeeper } from './route'
import { ServiceLease } from './service-lease'

/** All leases that are out, in the order in which they began. One timer looks after those that are held too long. */
export class LeaseRegistry implements LeaseKeeper {
  readonly #clock: Clock
  readonly #onEvent: EventListener | undefined
  #first: ServiceLease | undefined
  #last: ServiceLease | undefined
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
    const last = this.#last
    lease.previous = last
    if (last === undefined) this.#first = lease
    else last.next = lease
    this.#last = lease
    const { leakThresholdMs } = lease.route
    if (leakThresholdMs > 0 && lease.sinceMs + leakThresholdMs < this.#timerAtMs) {
      this.#watchFrom(lease.sinceMs + leakThresholdMs)
    }
  }

  remove(lease: ServiceLease): void {
    this.endedCount++
    const { previous, next } = lease
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    lease.previous = undefined
    lease.next = undefined
    if (lease.isOverdue) this.#report('overdue-lease-returned', lease)
  }

  /** The lease behind a handle, when it is one of these and has not ended. */
  find(handle: unknown): ServiceLease | undefined {
    const lease = leaseOf(handle)
    return lease instanceof ServiceLease && lease.route.keeper === this && !lease.isEnded ? lease : undefined
  }

  /** Whether any lease is out. */
  get hasAny(): boolean {
    return this.#first !== undefined
  }

  /** The oldest first. */
  *[Symbol.iterator](): Generator<ServiceLease> {
    for (let lease = this.#first; lease !== undefined; lease = lease.next) yield lease
  }

  /** The oldest leases first. */
  longestHolders(count: number): readonly LeaseHolder[] {
    const now = this.#clock.now()
    const holders: LeaseHolder[] = []
    for (let lease = this.#first; lease !== undefined && holders.length < count; lease = lease.next) {
      holders.push({ purpose: lease.route.name, heldMs: now - lease.sinceMs, ...stackOf(lease.origin) })
    }
    return holders
  }

  /** Ends every lease under its borrower; the connections are closed. */
  endAll(error: Error): void {
    const leases: ServiceLease[] = []
    for (let lease = this.#first; lease !== undefined; lease = lease.next) leases.push(lease)
    for (const lease of leases) if (!lease.isEnded) lease.end(error)
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
    for (let lease = this.#first; lease !== undefined; lease = lease.next) {
      const { leakThresholdMs } = lease.route
      if (lease.isOverdue || leakThresholdMs === 0) continue
      const atMs = lease.sinceMs + leakThresholdMs
      if (atMs > now) nextMs = Math.min(nextMs, atMs)
      else {
        lease.isOverdue = true
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
