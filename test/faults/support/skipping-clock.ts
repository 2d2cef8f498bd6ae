import { systemClock, type Clock, type TimerHandle } from '../../../src/core/clock'

/** The machine's time, which a test may let jump ahead: what falls due by that happens at once. */
export interface SkippingClock extends Clock {
  skip(ms: number): void
}

interface Timer {
  readonly callback: () => void
  readonly dueAtMs: number
  readonly real: TimerHandle
}

export function createSkippingClock(): SkippingClock {
  const timers = new Set<Timer>()
  let aheadMs = 0
  const now = (): number => systemClock.now() + aheadMs
  return {
    now,
    turnNow: now,
    wallClockMs: () => systemClock.wallClockMs() + aheadMs,
    setTimer(callback, delayMs, options) {
      const fire = (): void => {
        timers.delete(timer)
        callback()
      }
      const timer: Timer = {
        callback: fire,
        dueAtMs: now() + delayMs,
        real: systemClock.setTimer(fire, delayMs, options),
      }
      timers.add(timer)
      return timer
    },
    clearTimer(timer) {
      timers.delete(timer as Timer)
      systemClock.clearTimer((timer as Timer).real)
    },
    setBackground(timer, isBackground) {
      systemClock.setBackground?.((timer as Timer).real, isBackground)
    },
    skip(ms) {
      aheadMs += ms
      for (const { callback, dueAtMs, real } of [...timers]) {
        if (dueAtMs > now()) continue
        systemClock.clearTimer(real)
        callback()
      }
    },
  }
}
