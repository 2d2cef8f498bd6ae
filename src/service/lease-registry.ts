import type { Clock, TimerHandle } from '../core/clock'
import type { ScopedConnection } from '../core/connection'
import { endLease } from '../core/connection-handle'
import type { LeaseHolder } from '../core/errors'
import { emitSafely, type EventListener } from '../core/events'

interface Lease {
  readonly purpose: string
  readonly sinceMs: number
  readonly stack: string | undefined
  readonly leakTimer: TimerHandle | undefined
}

export interface LeaseStart {
  readonly purpose: string
  readonly stack: string | undefined
  /** Milliseconds until the lease is reported as overdue; 0 never. */
  readonly leakThresholdMs: number
}

/** All leases that are out, in the order in which they began. */
export class LeaseRegistry {
  readonly #clock: Clock
  readonly #onEvent: EventListener | undefined
  readonly #leases = new Map<ScopedConnection, Lease>()

  constructor(clock: Clock, onEvent: EventListener | undefined) {
    this.#clock = clock
    this.#onEvent = onEvent
  }

  add(handle: ScopedConnection, { purpose, stack, leakThresholdMs }: LeaseStart): void {
    const report = (): void => {
      const origin = stack === undefined ? {} : { stack }
      emitSafely(this.#onEvent, {
        kind: 'lease-overdue',
        purpose,
        heldMs: this.#clock.now() - sinceMs,
        ...origin,
      })
    }
    const sinceMs = this.#clock.now()
    const leakTimer =
      leakThresholdMs > 0 ? this.#clock.setTimer(report, leakThresholdMs, { isBackground: true }) : undefined
    this.#leases.set(handle, { purpose, sinceMs, stack, leakTimer })
  }

  has(handle: unknown): boolean {
    return this.#leases.has(handle as ScopedConnection)
  }

  remove(handle: ScopedConnection): void {
    const lease = this.#leases.get(handle)
    if (lease?.leakTimer !== undefined) this.#clock.clearTimer(lease.leakTimer)
    this.#leases.delete(handle)
  }

  /** The oldest leases first. */
  longestHolders(count: number): readonly LeaseHolder[] {
    const now = this.#clock.now()
    return [...this.#leases.values()].slice(0, count).map(({ purpose, sinceMs, stack }) => ({
      purpose,
      heldMs: now - sinceMs,
      ...(stack === undefined ? {} : { stack }),
    }))
  }

  /** Ends every lease under its borrower; the connections are closed. */
  endAll(error: Error): void {
    for (const handle of [...this.#leases.keys()]) endLease(handle, error)
  }
}

/** Where a borrower stands in its code; costs microseconds, so only those who look for leaks pay it. */
export function captureStack(): string {
  // The first lines are this function's callers inside the service.
  return new Error('acquired here').stack ?? ''
}
