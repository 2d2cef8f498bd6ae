import type { Clock } from '../core/clock'
import { AcquireTimeoutError, PoolClosedError } from '../core/errors'
import { createAbortError, WaitQueue } from '../pool/wait-queue'
import type { PurposeStats } from './connection-service'
import type { ResolvedPurpose } from './service-options'

/** One purpose at work: its limit and its counts. */
export class Purpose {
  readonly options: ResolvedPurpose
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

  /** Takes a place of the purpose's limit, in order of arrival; whoever got one gives it back with `leave`. */
  async enter(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw createAbortError(signal)
    if (this.#entered < this.options.max) {
      this.#entered++
      return
    }
    await this.#queue.wait(undefined, { timeoutMs, signal, onTimeout: () => this.#timeoutError(timeoutMs) })
  }

  leave(): void {
    // The place is handed on, so nobody can slip in between.
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (next.waiter.resolve(undefined)) return
    }
    this.#entered--
  }

  close(): void {
    this.#queue.rejectAll(() => new PoolClosedError('the connection service is closed'))
  }

  /** Counts one acquire, from the call to its outcome. */
  async count<T>(acquire: () => Promise<T>): Promise<T> {
    this.#waiting++
    try {
      const result = await acquire()
      this.#acquired++
      this.#leased++
      return result
    } catch (error) {
      this.#failed++
      throw error
    } finally {
      this.#waiting--
    }
  }

  countEnd(): void {
    this.#leased--
  }

  stats(): PurposeStats {
    return { leased: this.#leased, waiting: this.#waiting, acquired: this.#acquired, failed: this.#failed }
  }

  #timeoutError(timeoutMs: number): AcquireTimeoutError {
    const { name, max } = this.options
    const message = `no connection for purpose '${name}' within ${String(timeoutMs)} ms: its limit (purposes.${name}.max) of ${String(max)} is in use`
    return new AcquireTimeoutError(message, undefined)
  }
}
