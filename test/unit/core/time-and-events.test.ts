import { assertNever } from '../../../src/core/assert-never'
import { systemClock } from '../../../src/core/clock'
import { withDeadline } from '../../../src/core/deadline'
import { emitSafely, type ConnectionEvent } from '../../../src/core/events'
import { systemRandom } from '../../../src/core/random'
import { FakeClock } from '../../support/fake-clock'

const makeError = (): Error => new Error('too late')

test('a promise that settles in time is passed on, and no timer stays', async () => {
  const clock = new FakeClock()
  await expect(withDeadline(Promise.resolve(1), { clock, timeoutMs: 10, makeError })).resolves.toBe(1)
  await expect(
    withDeadline(Promise.reject(new Error('no')), { clock, timeoutMs: 10, makeError }),
  ).rejects.toThrow('no')
  await clock.advance(0)
  expect(clock.timerCount).toBe(0)
})

test('a promise that is late is given up, and its late rejection harms nobody', async () => {
  const clock = new FakeClock()
  let fail: (error: Error) => void = () => undefined
  const late = new Promise<never>((_, reject) => {
    fail = reject
  })
  const result = expect(withDeadline(late, { clock, timeoutMs: 10, makeError })).rejects.toThrow('too late')
  await clock.advance(10)
  await result
  fail(new Error('later still'))
  await clock.advance(0)
})

test('the system clock goes forward, fires timers and forgets cleared ones', async () => {
  const started = systemClock.now()
  const fired: string[] = []
  const cleared = systemClock.setTimer(() => fired.push('cleared'), 1)
  systemClock.clearTimer(cleared)
  systemClock.setTimer(() => fired.push('background'), 1, { isBackground: true })
  await new Promise<void>((resolve) => systemClock.setTimer(resolve, 5))
  expect(fired).toEqual(['background'])
  expect(systemClock.now()).toBeGreaterThan(started)
  expect(systemClock.wallClockMs()).toBeGreaterThan(Date.UTC(2025, 0, 1))
  expect(systemRandom()).toBeLessThan(1)
})

test('a delay beyond what the machine can wait does not fire at once', async () => {
  const fired: string[] = []
  const timers = [Infinity, 2_592_000_000].map((delayMs) =>
    systemClock.setTimer(() => fired.push(String(delayMs)), delayMs),
  )
  await new Promise<void>((resolve) => systemClock.setTimer(resolve, 10))
  for (const timer of timers) systemClock.clearTimer(timer)
  expect(fired).toEqual([])
})

test('a rejected promise of an async event listener becomes a warning', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  emitSafely(() => Promise.reject(new Error('async listener is broken')) as never, {
    kind: 'connection-opened',
    pool: 'main',
  })
  await new Promise(setImmediate)
  expect(emitWarning.mock.calls).toEqual([
    ['a pgferry event listener threw: Error: async listener is broken'],
  ])
  emitWarning.mockRestore()
})

test('an error in an event listener becomes a warning', () => {
  const event: ConnectionEvent = { kind: 'connection-opened', pool: 'main' }
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  emitSafely(() => {
    throw new Error('listener is broken')
  }, event)
  emitSafely(undefined, event)
  expect(emitWarning.mock.calls).toEqual([['a pgferry event listener threw: Error: listener is broken']])
  emitWarning.mockRestore()
})

test('a value outside of a closed union is named', () => {
  expect(() => assertNever('odd' as never)).toThrow('unexpected value: odd')
})
