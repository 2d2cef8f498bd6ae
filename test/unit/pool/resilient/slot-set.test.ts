import { settle } from '../../../support/fake-clock'
import { PoolStage, request } from './pool-stage'
import { SlotSet } from '../../../../src/pool/resilient/slot-set'
import type { Slot } from '../../../../src/pool/resilient/slot'
import { createMockDriver } from '../../../../src/pool/mock-pool'
import { MockServer } from '../../../../src/pool/mock-server'
import { resolvePoolOptions } from '../../../../src/pool/pool-options'
import { FakeClock } from '../../../support/fake-clock'

function createSet() {
  const clock = new FakeClock()
  const context = {
    name: 'main',
    clock,
    driver: createMockDriver(new MockServer(clock)),
    onEvent: undefined,
    options: resolvePoolOptions(),
  }
  return new SlotSet(context, () => undefined)
}

test('an empty set has nothing to lend and nothing to close', async () => {
  const slots = createSet()
  slots.popIdle()
  expect(slots.closeIdle(3, 'surplus')).toEqual([])
  expect([slots.size, slots.leasedCount, slots.keptCount]).toEqual([0, 0, 0])
  await slots.whenAllClosed()
})

test('a connection is in one state at a time, and its end is told once', async () => {
  const stage = new PoolStage({ pool: { max: 3 } })
  await stage.fill(3)
  const lease = await stage.pool.acquire(request)
  const { slot } = lease as unknown as { slot: Slot }
  const slots = slot.pool as SlotSet
  expect([slots.size, slots.idle.length, slots.leasedCount]).toEqual([3, 2, 1])
  expect(slots.countCleaningSince(Infinity)).toBe(3)
  expect(slots.countCleaningSince(1e9)).toBe(0)
  let told = 0
  ;(slot.onClosed ??= []).push(() => told++)
  stage.pool.release(lease, 'discard')
  slots.close(slot, 'failed')
  expect([slots.size, slots.keptCount, slots.closingCount]).toEqual([3, 2, 1])
  await settle()
  expect(told).toBe(1)
  expect(slots.totals).toEqual({ opened: 3, closed: 1 })
  expect(stage.closeReasons).toEqual(['discarded'])
  await stage.pool.close()
})
