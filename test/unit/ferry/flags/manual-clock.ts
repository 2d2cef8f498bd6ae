import type { Clock, TimerHandle } from '../../../../src/core/clock'

/** A clock that stands still until `advance` moves it; timers fire in order of their time. */
export class ManualClock implements Clock {
  #now = 0
  readonly #timers = new Map<TimerHandle, { readonly atMs: number; readonly callback: () => void }>()
  readonly #startedAtMs = Date.UTC(2026, 0, 1)

  get timerCount(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  wallClockMs(): number {
    return this.#startedAtMs + this.#now
  }

  setTimer(callback: () => void, delayMs: number): TimerHandle {
    const handle = {}
    this.#timers.set(handle, { atMs: this.#now + delayMs, callback })
    return handle
  }

  clearTimer(timer: TimerHandle): void {
    this.#timers.delete(timer)
  }

  advance(ms: number): void {
    const endMs = this.#now + ms
    for (;;) {
      const due = [...this.#timers]
        .filter(([, t]) => t.atMs <= endMs)
        .sort((a, b) => a[1].atMs - b[1].atMs)[0]
      if (due === undefined) break
      this.#timers.delete(due[0])
      this.#now = due[1].atMs
      due[1].callback()
    }
    this.#now = endMs
  }
}
