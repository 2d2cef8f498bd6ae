import { defaultBackoffSettings, nextDelayMs } from '../../../../src/pool/resilient/backoff'

const longest = (): number => 0.999_999
const shortest = (): number => 0

test('each further failure doubles the pause, up to a quarter of a second', () => {
  const delays = [1, 2, 3, 4, 5, 6, 1000].map((attempt) => Math.round(nextDelayMs(attempt, longest)))
  expect(delays).toEqual([25, 50, 100, 200, 250, 250, 250])
})

test('half of the pause is left to chance, so nobody comes back at once', () => {
  expect([1, 2, 10].map((attempt) => nextDelayMs(attempt, shortest))).toEqual([12.5, 25, 125])
})

test('before any failure the pause is that of the first', () => {
  expect(nextDelayMs(0, shortest)).toBe(12.5)
})

test('without jitter the pause is exact; with all of it, it may be nothing', () => {
  const settings = { ...defaultBackoffSettings, initialMs: 10, maxMs: 1_000, factor: 3 }
  expect(nextDelayMs(3, longest, { ...settings, jitter: 0 })).toBe(90)
  expect(nextDelayMs(3, shortest, { ...settings, jitter: 1 })).toBe(0)
})
