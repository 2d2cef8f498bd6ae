import type { Clock, TimerHandle } from '../../core/clock'

const beatMs = 10
/** A timer may be this late on a machine that is fine. */
const toleratedMs = 2

/**
 * Tells how long this process itself has not been able to look at anything: its code or its machine was busy. A statement whose
 * answer lay unread for that long was not slow.
 */
export class LoopLag {
  #lostMs = 0
  #dueAtMs = Infinity
  #timer: TimerHandle | undefined

  constructor(
    private readonly clock: Clock,
    /** Whether there is anything to be measured; without it no timer runs. */
    private readonly isNeeded: () => boolean,
  ) {}

  /** Time lost since the start, for comparing two moments. */
  totalMs(nowMs: number): number {
    const lateMs = nowMs - this.#dueAtMs
    return lateMs > toleratedMs ? this.#lostMs + lateMs : this.#lostMs
  }

  /** Measures from here on, for as long as it is needed. */
  start(): void {
    if (this.#dueAtMs !== Infinity) return
    this.#dueAtMs = this.clock.now() + beatMs
    this.#timer = this.clock.setTimer(
      () => {
        this.#lostMs = this.totalMs(this.clock.now())
        this.stop()
        if (this.isNeeded()) this.start()
      },
      beatMs,
      { isBackground: true },
    )
  }

  stop(): void {
    if (this.#timer !== undefined) this.clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#dueAtMs = Infinity
  }
}
