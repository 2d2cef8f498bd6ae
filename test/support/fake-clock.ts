import type { Clock, TimerHandle } from '../../src/core/clock'

interface FakeTimer {
  readonly atMs: number
  readonly callback: () => void
  isBackground: boolean
}

/** A clock that stands still until a test moves it; timers fire in order of their time. */
export class FakeClock implements Clock {
  #nowMs = 0
  readonly #timers = new Map<TimerHandle, FakeTimer>()

  /** Timers that are running; after a close there should be none. */
  get timerCount(): number {
    return this.#timers.size
  }

  get backgroundTimerCount(): number {
    return [...this.#timers.values()].filter((timer) => timer.isBackground).length
  }

  now(): number {
    return this.#nowMs
  }

  turnNow(): number {
    return this.#nowMs
  }

  setBackground(timer: TimerHandle, isBackground: boolean): void {
    const known = this.#timers.get(timer)
    if (known !== undefined) known.isBackground = isBackground
  }

  wallClockMs(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs
  }

  setTimer(callback: () => void, delayMs: number, options?: { isBackground?: boolean }): TimerHandle {
    const handle = {}
    this.#timers.set(handle, {
      atMs: this.#nowMs + delayMs,
      callback,
      isBackground: options?.isBackground === true,
    })
    return handle
  }

  clearTimer(timer: TimerHandle): void {
    this.#timers.delete(timer)
  }

  /** Moves time on by `ms`, firing what falls due and letting promises run after each timer. */
  async advance(ms: number): Promise<void> {
    // Timers that are about to be set belong to the time before the move.
    await settle()
    const endMs = this.#nowMs + ms
    for (let next = this.#firstDue(endMs); next !== undefined; next = this.#firstDue(endMs)) {
      const [handle, timer] = next
      this.#timers.delete(handle)
      this.#nowMs = Math.max(this.#nowMs, timer.atMs)
      timer.callback()
      await settle()
    }
    this.#nowMs = endMs
    await settle()
  }

  #firstDue(endMs: number): [TimerHandle, FakeTimer] | undefined {
    return [...this.#timers].filter(([, { atMs }]) => atMs <= endMs).sort((a, b) => a[1].atMs - b[1].atMs)[0]
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
