import { LoopLag } from '../../../../src/service/one-shot/loop-lag'
import { StatementCatalog } from '../../../../src/service/one-shot/statement-catalog'
import { StatementPace } from '../../../../src/service/one-shot/statement-pace'
import { FakeClock } from '../../../support/fake-clock'

function fastPace(runs = 1): StatementPace {
  const pace = new StatementPace()
  for (let run = 0; run < runs; run++) pace.observe(1, 0)
  return pace
}

test('a text is unknown until its first run has ended', () => {
  const pace = new StatementPace()
  expect(pace.at(0)).toBe('unknown')
  pace.beginProbe()
  expect(pace.at(0)).toBe('probing')
  pace.cancelProbe()
  expect(pace.at(0)).toBe('unknown')
  pace.observe(1, 0)
  expect(pace.at(0)).toBe('fast')
})

test('a first run of middling length proves nothing; a third one does', () => {
  const pace = new StatementPace()
  pace.observe(10, 0)
  pace.observe(10, 0)
  expect(pace.at(0)).toBe('unknown')
  pace.observe(10, 0)
  expect(pace.at(0)).toBe('slow')
})

test('a slow text may show itself again after a penalty that doubles up to a minute', () => {
  const pace = new StatementPace()
  let nowMs = 0
  for (const penaltyMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    pace.observe(200, nowMs)
    expect(pace.at(nowMs + penaltyMs - 1)).toBe('slow')
    nowMs += penaltyMs
    expect(pace.at(nowMs)).toBe('unknown')
  }
})

test('runs that were under way when a text was found slow do not count again', () => {
  const pace = new StatementPace()
  pace.observe(200, 0)
  pace.observe(200, 1)
  expect(pace.at(1_000)).toBe('unknown')
})

test('one long run is forgiven, two in a row are not', () => {
  const pace = fastPace()
  pace.observe(300, 0)
  expect(pace.at(0)).toBe('fast')
  pace.observe(300, 0)
  expect(pace.at(0)).toBe('slow')
})

test('long runs that come back among many short ones add up', () => {
  const pace = fastPace()
  for (let round = 0; round < 3; round++) {
    for (let run = 0; run < 50; run++) pace.observe(1, 0)
    pace.observe(200, 0)
  }
  for (let run = 0; run < 50; run++) pace.observe(1, 0)
  pace.observe(200, 0)
  expect(pace.at(0)).toBe('slow')
})

test('after a thousand fast runs the next penalty is a short one again', () => {
  const pace = new StatementPace()
  pace.observe(200, 0)
  for (let run = 0; run < 1_000; run++) pace.observe(1, 1_000)
  pace.observe(200, 1_000)
  pace.observe(200, 1_000)
  expect(pace.at(1_999)).toBe('slow')
  expect(pace.at(2_000)).toBe('unknown')
})

test('the catalog knows a text again, names it from the second use on, and forgets what is long unused', () => {
  const catalog = new StatementCatalog(2)
  const record = catalog.recordOf('SELECT 1')
  expect(record.nameForUse()).toBeUndefined()
  const name = record.nameForUse()
  expect(name).toMatch(/^pgferry_[\w-]{32}$/)
  expect(catalog.recordOf('SELECT 1')).toBe(record)
  for (const text of ['SELECT 2', 'SELECT 3']) catalog.recordOf(text)
  expect(catalog.recordOf('SELECT 1')).toBe(record)
  for (let n = 4; n < 10; n++) catalog.recordOf(`SELECT ${n}`)
  const again = catalog.recordOf('SELECT 1')
  expect(again).not.toBe(record)
  again.nameForUse()
  expect(again.nameForUse()).toBe(name)
  const long = `SELECT '${'x'.repeat(20_000)}'`
  expect(catalog.recordOf(long)).not.toBe(catalog.recordOf(long))
})

test('time in which this process could not look is told apart from time that passed', async () => {
  const clock = new FakeClock()
  let isNeeded = true
  const lag = new LoopLag({ ...boundTo(clock), now: () => clock.now() + lateMs }, () => isNeeded)
  let lateMs = 0
  lag.start()
  lag.start()
  expect(clock.timerCount).toBe(1)
  await clock.advance(10)
  expect(lag.totalMs(clock.now())).toBe(0)
  // The timer that was due at 20 has not fired at 55.
  expect(lag.totalMs(55)).toBe(35)
  lateMs = 35
  await clock.advance(10)
  expect(lag.totalMs(55)).toBe(35)
  isNeeded = false
  await clock.advance(10)
  expect(clock.timerCount).toBe(0)
  expect(lag.totalMs(10_000)).toBeGreaterThanOrEqual(35)
})

function boundTo(clock: FakeClock) {
  return {
    wallClockMs: () => clock.wallClockMs(),
    setTimer: clock.setTimer.bind(clock),
    clearTimer: clock.clearTimer.bind(clock),
  }
}
