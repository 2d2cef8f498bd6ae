import type { Clock } from '../core/clock'
import { AcquireTimeoutError, PoolClosedError } from '../core/errors'
import { WaitQueue } from '../pool/wait-queue'
import type { PurposeStats } from './connection-service'
import type { ResolvedPurpose } from './service-options'

/** One purpose at work: its limit and its counts. */
export class Purpose {
  readonly options: ResolvedPurpose
  /** Leases whose own work waits for this limit. */
  blockedCount = 0
  readonly #queue: WaitQueue<undefined>
  /** Places of the limit in use: leases, and callers on their way through the pool. */
  #entered = 0
  #leased = 0
  #waiting = 0
  #acquired = 0
  #failed = 0

  constructor(options: ResolvedPurpose, clock: Clock) {
    this.options = options
    this.#queue = new WaitQueue(clock)
  }

  /** Takes a place of the limit when one is free; whoever got one gives it back with `leave`. */
  tryEnter(): boolean {
    if (this.#entered >= this.options.max) return false
    this.#entered++
    return true
  }

  /** Whether no place is free. */
  get isFull(): boolean {
    return this.#entered >= this.options.max
  }

  /** Waits for a place, in order of arrival. */
  enter(timeoutMs: number, signal: AbortSignal | undefined): Promise<undefined> {
    return this.#queue.wait(undefined, { timeoutMs, signal, onTimeout: () => this.#timeoutError(timeoutMs) })
  }

  leave(): void {
    // Handed on, so that nobody can slip in between.
    if (this.#queue.length > 0 && this.#handOn()) return
    this.#entered--
  }

  close(): void {
    this.#queue.rejectAll(() => new PoolClosedError('the connection service is closed'))
  }

  /** Acquires that wait, for this limit or for the pool. */
  get waitingCount(): number {
    return this.#waiting
  }

  /** An acquire begins to wait; {@link Purpose.countWaited} follows. */
  countWait(): void {
    this.#waiting++
  }

  countWaited(): void {
    this.#waiting--
  }

  countLease(): void {
    this.#acquired++
    this.#leased++
  }

  countFailure(): void {
    this.#failed++
  }

  countEnd(): void {
    this.#leased--
  }

  stats(): PurposeStats {
    return { leased: this.#leased, waiting: this.#waiting, acquired: this.#acquired, failed: this.#failed }
  }

  #handOn(): boolean {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (next.waiter.resolve(undefined)) return true
    }
    return false
  }

  #timeoutError(timeoutMs: number): AcquireTimeoutError {
    const { name, max } = this.options
    const message = `no connection for purpose '${name}' within ${String(timeoutMs)} ms: its limit (purposes.${name}.max) of ${String(max)} is in use`
    return new AcquireTimeoutError(message, undefined)
  }
}
