import type { Clock } from '../core/clock'
import { AcquireTimeoutError, PoolClosedError } from '../core/errors'
import type { PoolStrategy } from '../pool/pool-strategy'
import { WaitQueue } from '../pool/wait-queue'
import type { ResolvedDatabase } from './service-options'

/** One database of the service: its pool, and the door before it. */
export class ServiceDatabase {
  readonly options: ResolvedDatabase
  readonly strategy: PoolStrategy
  /** Leases whose own work waits for this pool. */
  blockedCount = 0
  /** Whether callers are held back here, because the strategy cannot do it. */
  isHeldBack = false
  readonly #door: WaitQueue<undefined>

  constructor(options: ResolvedDatabase, strategy: PoolStrategy, clock: Clock) {
    this.options = options
    this.strategy = strategy
    this.#door = new WaitQueue(clock)
  }

  suspend(): void {
    if (this.strategy.suspend === undefined) this.isHeldBack = true
    else this.strategy.suspend()
  }

  resume(): void {
    this.strategy.resume?.()
    this.isHeldBack = false
    for (let next = this.#door.shift(); next !== undefined; next = this.#door.shift()) {
      next.waiter.resolve(undefined)
    }
  }

  /** Waits at the door until `resume`. */
  pass(timeoutMs: number, signal: AbortSignal | undefined): Promise<undefined> {
    const onTimeout = (): AcquireTimeoutError =>
      new AcquireTimeoutError(
        `no connection to database '${this.options.name}' within ${String(timeoutMs)} ms: it is suspended until resume() is called`,
        this.strategy.stats(),
      )
    return this.#door.wait(undefined, { timeoutMs, signal, onTimeout })
  }

  /** Whether an acquire would have to wait until somebody gives a connection back. */
  isFull(): boolean {
    const { waiting, idle, total, max } = this.strategy.stats()
    return waiting > 0 || (idle === 0 && total >= max)
  }

  /** Whether somebody waits for a connection. */
  isContended(): boolean {
    return (this.strategy.waitingCount ?? this.strategy.stats().waiting) > 0
  }

  close(): Promise<void> {
    this.#door.rejectAll(() => new PoolClosedError('the connection service is closed'))
    return this.strategy.close()
  }
}
