import type { Clock, TimerHandle } from '../core/clock'

/** One background timer for what is due first; started anew after each sweep. */
export class IdleSweeper {
  readonly #clock: Clock
  readonly #nextDueAtMs: () => number
  readonly #sweep: () => void
  #timer: TimerHandle | undefined
  #timerAtMs = Infinity

  /** @param nextDueAtMs when something is due next; `Infinity` for never */
  constructor(clock: Clock, nextDueAtMs: () => number, sweep: () => void) {
    this.#clock = clock
    this.#nextDueAtMs = nextDueAtMs
    this.#sweep = sweep
  }

  /**
   * Starts the timer unless it runs; what is due before it waits for it, which costs an idle connection a little longer. Only for
   * what falls due at `ownDueAtMs` it is set anew: connections that were opened together would end together after all.
   */
  schedule(ownDueAtMs = Infinity): void {
    if (this.#timer !== undefined) {
      if (ownDueAtMs >= this.#timerAtMs) return
      this.#clock.clearTimer(this.#timer)
      this.#timer = undefined
    }
    const dueAtMs = this.#nextDueAtMs()
    if (dueAtMs === Infinity) return
    this.#timerAtMs = dueAtMs
    const run = (): void => {
      this.#timer = undefined
      this.#sweep()
      this.schedule()
    }
    this.#timer = this.#clock.setTimer(run, Math.max(0, dueAtMs - this.#clock.now()), { isBackground: true })
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }
}
