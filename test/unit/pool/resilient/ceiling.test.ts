import type { ConnectionEvent } from '../../../../src/core/events'
import { createMockDriver } from '../../../../src/pool/mock-pool'
import { MockServer } from '../../../../src/pool/mock-server'
import { resolvePoolOptions } from '../../../../src/pool/pool-options'
import { Ceiling } from '../../../../src/pool/resilient/ceiling'
import { FakeClock } from '../../../support/fake-clock'

function createCeiling(max: number) {
  const clock = new FakeClock()
  const events: ConnectionEvent[] = []
  const context = {
    name: 'main',
    clock,
    driver: createMockDriver(new MockServer(clock)),
    onEvent: (event: ConnectionEvent) => events.push(event),
    options: resolvePoolOptions({ max }),
  }
  return { ceiling: new Ceiling(context), clock, events, context }
}

test('a pool may have its maximum until a server has said that it is full', () => {
  const { ceiling, events } = createCeiling(5)
  expect(ceiling.current).toBe(5)
  expect(ceiling.raisedAtMs).toBe(Infinity)
  expect(events).toEqual([])
})

test('it is lowered to what the server had room for, and raised by one each time', async () => {
  const { ceiling, clock, events } = createCeiling(5)
  ceiling.lower(3)
  expect(ceiling.current).toBe(3)
  expect(ceiling.raisedAtMs).toBe(10_000)
  expect(events).toEqual([{ kind: 'pool-shrunk', pool: 'main', max: 3 }])
  await clock.advance(9_999)
  expect(ceiling.current).toBe(3)
  await clock.advance(1)
  expect(ceiling.current).toBe(4)
  expect(ceiling.raisedAtMs).toBe(20_000)
  await clock.advance(10_000)
  expect(ceiling.current).toBe(5)
  expect(ceiling.raisedAtMs).toBe(Infinity)
})

test('one connection is always allowed, and what does not lower it is no news', () => {
  const { ceiling, events, context } = createCeiling(5)
  ceiling.lower(5)
  expect(events).toEqual([])
  expect(ceiling.current).toBe(5)
  ceiling.lower(0)
  expect(ceiling.current).toBe(1)
  context.options = resolvePoolOptions({ max: 1 })
  expect(ceiling.current).toBe(1)
})
