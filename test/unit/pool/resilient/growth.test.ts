import fc from 'fast-check'
import {
  answerPatienceMs,
  decideGrowth,
  estimateHold,
  lookAgainMs,
  MovingMean,
  Pressure,
  RecentMedian,
  type GrowthFacts,
} from '../../../../src/pool/resilient/growth'

const busy: GrowthFacts = { waiting: 49, opening: 0, working: 1, room: 9, holdMs: 1, connectMs: 5 }

test.each<[string, Partial<GrowthFacts>, number]>([
  ['one for each caller when nothing is there that could come back', { working: 0 }, 9],
  ['no more than callers lack', { working: 0, waiting: 3 }, 3],
  ['none for callers for whom one is on its way', { working: 0, waiting: 3, opening: 3 }, 0],
  ['none when there is no room', { room: 0 }, 0],
  ['none when all callers are served before a new one could be there', { holdMs: 0.1 }, 0],
  ['none when leases take no time at all', { holdMs: 0 }, 0],
  ['all that fit when leases last as long as connecting', { holdMs: 5 }, 9],
  ['just so many that the rest is served in the time of another connect', { holdMs: 0.2 }, 1],
  ['only what is lacking beyond those on their way', { holdMs: 0.2, opening: 1 }, 0],
  [
    'none for a caller who gets the one that is being cleaned or checked, however long leases last',
    { waiting: 1, returning: 1, holdMs: 50 },
    0,
  ],
  ['for those who come after the caller who gets it', { waiting: 3, returning: 1, holdMs: 50 }, 2],
  ['none before anything is known: the caller asks again', { holdMs: undefined }, 0],
  ['none before it is known how long connecting takes', { connectMs: undefined }, 0],
])('opens %s', (_title, facts, expected) => {
  expect(decideGrowth({ ...busy, ...facts })).toBe(expected)
})

test('never opens more than there is room for, nor more than callers lack, whatever has been measured', () => {
  const count = fc.nat(100)
  const ms = fc.option(fc.double({ min: 0, max: 10_000, noNaN: true }), { nil: undefined })
  const facts = fc.record({
    waiting: count,
    opening: count,
    working: count,
    room: count,
    holdMs: ms,
    connectMs: ms,
  })
  fc.assert(
    fc.property(facts, (f) => {
      const opened = decideGrowth(f)
      expect(opened).toBeGreaterThanOrEqual(0)
      expect(opened).toBeLessThanOrEqual(Math.max(0, Math.min(f.room, f.waiting - f.opening)))
    }),
  )
})

test.each<[string, number | undefined, number, number | undefined]>([
  ['as they have lasted while none is out', 3, Infinity, 3],
  ['nothing while nothing is known', undefined, Infinity, undefined],
  ['nothing by one that has just begun', undefined, 0.5, undefined],
  ['at least as long as the only one that was ever lent is out', undefined, 2, 2],
  ['as they have lasted while the youngest is out for hardly longer', 3, 7, 3],
  ['longer when even the youngest is out for longer', 3, 50, 45],
])('leases are taken to last %s', (_title, meanMs, youngestMs, expected) => {
  expect(estimateHold(meanMs, youngestMs)).toBe(expected)
})

test('callers are looked at again in a part of the time of a connect, within bounds', () => {
  expect([undefined, 2, 12, 100].map(lookAgainMs)).toEqual([1, 1, 3, 5])
})

test('an answer of the server is waited for, longer where connecting is slow as well', () => {
  expect([undefined, 4, 100].map(answerPatienceMs)).toEqual([50, 50, 200])
})

test('a moving mean begins with the first value and follows the later ones', () => {
  const mean = new MovingMean(0.5)
  expect(mean.value).toBeUndefined()
  mean.add(10)
  expect(mean.value).toBe(10)
  mean.add(20)
  expect(mean.value).toBe(15)
})

test('a recent median says nothing before there are three, and then the middle of the last nine', () => {
  const median = new RecentMedian()
  median.add(500)
  median.add(1)
  expect(median.value).toBeUndefined()
  median.add(2)
  expect(median.value).toBe(2)
  for (let count = 0; count < 9; count++) median.add(7)
  expect(median.value).toBe(7)
})

test('a line that ends is a burst; one that lasts longer than two connects is worth a connection', () => {
  const pressure = new Pressure()
  pressure.note(1, 100, 100)
  pressure.note(8, 105, 105)
  expect(pressure.isLasting(108, 1)).toBe(false)
  expect(pressure.isLasting(111, 1)).toBe(true)
  expect(pressure.isLasting(111, 50)).toBe(false)
  // Somebody found an empty line: it begins anew.
  pressure.note(1, 120, 120)
  expect(pressure.isLasting(125, undefined)).toBe(false)
})

test('a line that is empty for a moment again and again lasts; one caller who is looked at again does not make one', () => {
  const pressure = new Pressure()
  // As many callers as connections and one more: whoever was served comes back and is the only one in the line.
  for (let ms = 100; ms <= 111; ms++) pressure.note(1, ms, ms)
  expect(pressure.isLasting(111, 1)).toBe(true)
  const alone = new Pressure()
  for (let ms = 100; ms <= 111; ms++) alone.note(1, ms, 100)
  expect(alone.isLasting(111, 1)).toBe(false)
})
