import { systemClock, type Clock } from '../../../src/core/clock'

/** The machine's time, which a test may let jump ahead; timers that are set go on as they were. */
export interface SkippingClock extends Clock {
  skip(ms: number): void
}

export function createSkippingClock(): SkippingClock {
  let aheadMs = 0
  const now = (): number => systemClock.now() + aheadMs
  return {
    ...systemClock,
    now,
    turnNow: now,
    skip(ms) {
      aheadMs += ms
    },
  }
}
