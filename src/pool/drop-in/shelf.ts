import type { Clock, TimerHandle } from '../../core/clock'
import type { Entry } from './entry'

export interface ShelfRules {
  /** How long a client may be idle; `Infinity` for ever. Read anew each time: options of a pool may be changed. */
  idleLimitMs(): number
  /** Whether there are more clients than are kept for being idle. */
  isAboveMin(): boolean
  /** Takes the entry off the shelf and closes it. */
  close(entry: Entry, why: 'idle' | 'expired'): void
}

/** Timers may come a fraction of a millisecond early. */
const earlyMs = 1

/**
 * The clients at rest. The last one put here is taken first, so the others get the chance to become superfluous. ONE timer, set for
 * what is due first and left to run when that is taken sooner.
 */
export class Shelf {
  readonly #clock: Clock
  readonly #rules: ShelfRules
  readonly #entries: Entry[] = []
  #timer: TimerHandle | undefined
  #timerAtMs = Infinity

  constructor(clock: Clock, rules: ShelfRules) {
    this.#clock = clock
    this.#rules = rules
  }

  get size(): number {
    return this.#entries.length
  }

  /** The one that was used last; it stays. */
  get top(): Entry | undefined {
    const { length } = this.#entries
    // Reading in front of an array is many times slower than asking for its length.
    return length === 0 ? undefined : this.#entries[length - 1]
  }

  pop(): Entry | undefined {
    return this.#entries.pop()
  }

  push(entry: Entry, nowMs: number): void {
    entry.idleSinceMs = nowMs
    this.#entries.push(entry)
    const dueAtMs = this.#dueAtMs(entry)
    if (dueAtMs < this.#timerAtMs) this.#watch(dueAtMs, nowMs)
  }

  remove(entry: Entry): void {
    const index = this.#entries.lastIndexOf(entry)
    if (index >= 0) this.#entries.splice(index, 1)
  }

  /** All of them, the one that was used longest ago first. */
  all(): readonly Entry[] {
    return [...this.#entries]
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#timerAtMs = Infinity
  }

  #dueAtMs(entry: Entry): number {
    return Math.min(entry.idleSinceMs + this.#rules.idleLimitMs(), entry.expiresAtMs)
  }

  #watch(dueAtMs: number, nowMs: number): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timerAtMs = dueAtMs
    const sweep = (): void => {
      this.#sweep()
    }
    // The sockets keep the process alive, or are meant not to.
    this.#timer = this.#clock.setTimer(sweep, Math.max(0, dueAtMs - nowMs), { isBackground: true })
  }

  #sweep(): void {
    this.stop()
    const nowMs = this.#clock.now()
    const idleLimitMs = this.#rules.idleLimitMs()
    for (const entry of this.all()) {
      if (entry.expiresAtMs <= nowMs + earlyMs) this.#rules.close(entry, 'expired')
      else if (entry.idleSinceMs + idleLimitMs <= nowMs + earlyMs && this.#rules.isAboveMin()) {
        this.#rules.close(entry, 'idle')
      }
    }
    let nextMs = Infinity
    for (const entry of this.#entries) {
      const dueAtMs = this.#dueAtMs(entry)
      // One that is kept for the minimum is looked at again after another idle time.
      nextMs = Math.min(nextMs, dueAtMs <= nowMs + earlyMs ? nowMs + idleLimitMs : dueAtMs, entry.expiresAtMs)
    }
    if (nextMs !== Infinity) this.#watch(nextMs, nowMs)
  }
}
