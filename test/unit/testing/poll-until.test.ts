import type { Clock } from '../../../src/core/clock'
import { pollUntil } from '../../../src/testing/poll-until'

/** A clock whose timers fire at once and take exactly as long as they say. */
function jumpingClock(): Clock {
  let nowMs = 0
  return {
    now: () => nowMs,
    wallClockMs: () => nowMs,
    setTimer(callback, delayMs) {
      nowMs += delayMs
      queueMicrotask(callback)
      return {}
    },
    clearTimer: () => undefined,
  }
}

test('asks until the answer is true, at the interval', async () => {
  const clock = jumpingClock()
  expect(await pollUntil(() => clock.now() >= 75, { clock, timeoutMs: 1000, intervalMs: 25 })).toBe(true)
  expect(clock.now()).toBe(75)
})

test('does not wait when the answer is true at once, and asks once even without time', async () => {
  const clock = jumpingClock()
  expect(await pollUntil(() => Promise.resolve(true), { clock, timeoutMs: 0 })).toBe(true)
  expect(clock.now()).toBe(0)
})

test('says false when the time is over', async () => {
  const clock = jumpingClock()
  expect(await pollUntil(() => false, { clock, timeoutMs: 100 })).toBe(false)
  expect(clock.now()).toBe(100)
})

test('ends the wait with what the condition throws', async () => {
  const broken = (): boolean => {
    throw new Error('cannot tell')
  }
  await expect(pollUntil(broken, { clock: jumpingClock(), timeoutMs: 100 })).rejects.toThrow('cannot tell')
})
