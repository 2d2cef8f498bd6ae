import type { TimelineClock } from '../../../examples/demo/timeline/timeline'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/** A clock that a test moves by hand. */
export interface ManualClock extends TimelineClock {
  advance(ms: number): Promise<void>
}

export function createManualClock(startMs = 0): ManualClock {
  let nowMs = startMs
  const timers = new Set<Timer>()
  return {
    now: () => nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(ms) {
      const endMs = nowMs + ms
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.atMs - b.atMs).filter(({ atMs }) => atMs <= endMs)
        if (next === undefined) break
        nowMs = Math.max(nowMs, next.atMs)
        timers.delete(next)
        next.callback()
        for (let turn = 0; turn < 5; turn++) await Promise.resolve()
      }
      nowMs = endMs
    },
  }
}
