import type { GrowthFacts } from '../../../../src/pool/resilient/growth'
import { Lull } from '../../../../src/pool/resilient/lull'

// One connection serves ten callers in the time of a connect.
const facts: GrowthFacts = { waiting: 3, opening: 0, working: 1, room: 9, holdMs: 1, connectMs: 10 }

function begun(changed: Partial<GrowthFacts> = {}): Lull {
  const lull = new Lull()
  lull.begin({ ...facts, ...changed }, 100, 1)
  return lull
}

test('there is none before something was decided', () => {
  expect(new Lull().lasts(0, 1, 0, 0)).toBe(false)
})

test('lasts for the callers of a turn that will have been served before a new connection could be there', () => {
  const lull = begun()
  expect(lull.lasts(100, 4, 0, 1)).toBe(true)
  expect(lull.lasts(100, 10, 0, 1)).toBe(true)
  expect(lull.lasts(100, 11, 0, 1)).toBe(false)
})

test.each<[string, [number, number, number, number]]>([
  ['another turn', [101, 4, 0, 1]],
  ['nobody who waits', [100, 0, 0, 1]],
  ['a connection on its way in', [100, 4, 1, 1]],
  ['a connection less that is out', [100, 4, 0, 0]],
])('ends with %s', (_title, [turnMs, waiting, opening, leased]) => {
  expect(begun().lasts(turnMs, waiting, opening, leased)).toBe(false)
})

test('lasts for no caller more when nothing will come back', () => {
  const lull = begun({ working: 0 })
  expect(lull.lasts(100, 3, 0, 1)).toBe(true)
  expect(lull.lasts(100, 4, 0, 1)).toBe(false)
})

test('lasts for as many as may come while nothing is known: a timer asks again', () => {
  expect(begun({ holdMs: undefined }).lasts(100, 5_000, 0, 1)).toBe(true)
})

test('is outworn after a thousand callers: then the turn no longer tells the time', () => {
  const lull = begun()
  for (let caller = 1; caller < 1_000; caller++) expect(lull.lasts(100, 4, 0, 1)).toBe(true)
  expect(lull.isOutworn).toBe(false)
  expect(lull.lasts(100, 4, 0, 1)).toBe(false)
  expect(lull.isOutworn).toBe(true)
  lull.begin(facts, 100, 1)
  expect(lull.isOutworn).toBe(false)
})
