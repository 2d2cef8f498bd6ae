/** A timer that was started; only the clock that made it may clear it. */
export type TimerHandle = object

/** The only source of time. Tests hand in one that they move by hand. */
export interface Clock {
  /** Milliseconds on a scale that never goes back; comparable only with itself. */
  now(): number
  /**
   * The time of this turn of the event loop: {@link Clock.now} of the first call in the turn. For counting how long something
   * lasted on a path where reading the clock would cost more than the rest. A clock without it is asked for `now()`.
   */
  turnNow?(): number
  /** Milliseconds since 1970-01-01 UTC, for what people and other machines read. */
  wallClockMs(): number
  /** Calls `callback` once after `delayMs`; the timer does not keep the process alive when `isBackground`. */
  setTimer(callback: () => void, delayMs: number, options?: { isBackground?: boolean }): TimerHandle
  clearTimer(timer: TimerHandle): void
  /** Decides anew whether a timer keeps the process alive; without it, a timer stays as it was set. */
  setBackground?(timer: TimerHandle, isBackground: boolean): void
}

/** What a timer of the machine can wait; one that is told more fires at once instead. */
const longestDelayMs = 2_147_483_647

let turnMs = 0
let isTurnKnown = false

function forgetTurn(): void {
  isTurnKnown = false
}

/** The machine's own time. Its timers wait 24.8 days at most, so `Infinity` is as good as for ever. */
export const systemClock: Clock = {
  now: () => performance.now(),
  turnNow() {
    if (isTurnKnown) return turnMs
    isTurnKnown = true
    setImmediate(forgetTurn)
    turnMs = performance.now()
    return turnMs
  },
  wallClockMs: () => Date.now(),
  setTimer(callback, delayMs, options) {
    const timer = setTimeout(callback, Math.min(delayMs, longestDelayMs))
    if (options?.isBackground === true) timer.unref()
    return timer
  },
  clearTimer: (timer) => {
    clearTimeout(timer as NodeJS.Timeout)
  },
  setBackground(timer, isBackground) {
    if (isBackground) (timer as NodeJS.Timeout).unref()
    else (timer as NodeJS.Timeout).ref()
  },
}
