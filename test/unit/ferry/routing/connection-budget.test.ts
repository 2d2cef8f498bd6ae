import {
  ConnectionBudget,
  defaultBudgetWaitMs,
  type PhysicalSide,
} from '../../../../src/ferry/routing/connection-budget'
import { Interleaving } from '../../../property/interleaving'

interface Side extends PhysicalSide {
  total: number
  free: number
  readonly trims: (() => void)[]
}

function side(total: number, free: number, canTrim = true): Side {
  const self = {
    total,
    free,
    max: 10,
    trims: [] as (() => void)[],
    count: () => self.total,
    idle: () => self.free,
    opening: () => 0,
  }
  if (!canTrim) return self
  return Object.assign(self, {
    trimIdle: () => {
      self.free -= 1
      return new Promise<number>((resolve) =>
        self.trims.push(() => {
          self.total -= 1
          resolve(1)
        }),
      )
    },
  })
}

function createBudget(max: number, legacy: Side, service: Side) {
  const clock = new Interleaving(
    () => 0,
    () => undefined,
  )
  return { clock, budget: new ConnectionBudget(max, { legacy, service }, clock) }
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = {}
  return (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))])) === pending
}

test('an acquire that finds an idle connection needs no room', async () => {
  const { budget } = createBudget(2, side(2, 1), side(0, 0))
  await expect(budget.enter('legacy', {})).resolves.toBeDefined()
  expect(budget.used()).toBe(2)
})

test('an idle connection of the other side is closed first, and its physical end awaited', async () => {
  const legacy = side(2, 1)
  const { budget } = createBudget(2, legacy, side(0, 0))
  const entered = budget.enter('service', {})
  expect(await isPending(entered)).toBe(true)
  expect([legacy.trims.length, budget.waitingCount]).toEqual([1, 1])
  legacy.trims[0]?.()
  await expect(entered).resolves.toBeDefined()
})

test('waiters are served in the order in which they came, whatever side they are on', async () => {
  const legacy = side(1, 0)
  const { budget } = createBudget(1, legacy, side(0, 0))
  const service = budget.enter('service', {})
  const later = budget.enter('legacy', {})
  // It would fit, but somebody came before it.
  legacy.free = 1
  budget.changed()
  expect(await isPending(later)).toBe(true)
  legacy.trims[0]?.()
  const permit = await service
  expect(await isPending(later)).toBe(true)
  permit.leave()
  await expect(later).resolves.toBeDefined()
})

test('a waiter that gives up at its deadline or its signal lets the next one through', async () => {
  const legacy = side(1, 0)
  const { budget, clock } = createBudget(1, legacy, side(0, 0))
  const timed = budget.enter('service', { timeoutMs: 200 })
  await expect(clock.run(timed)).rejects.toMatchObject({
    code: 'ACQUIRE_TIMEOUT',
    pool: { max: 1, total: 1 },
  })
  const controller = new AbortController()
  const aborted = budget.enter('service', { signal: controller.signal })
  const next = budget.enter('legacy', {})
  legacy.free = 1
  controller.abort()
  await expect(aborted).rejects.toMatchObject({ code: 'ACQUIRE_ABORTED' })
  await expect(next).resolves.toBeDefined()
  await expect(budget.enter('service', { signal: controller.signal })).rejects.toMatchObject({
    code: 'ACQUIRE_ABORTED',
  })
  const forever = budget.enter('service', {})
  await expect(clock.run(forever)).rejects.toThrow(
    `within ${defaultBudgetWaitMs} ms: the budget of 1 is used up`,
  )
})

test('what is left of the deadline goes on to the side', async () => {
  const legacy = side(1, 0, false)
  const { budget, clock } = createBudget(1, legacy, side(0, 0))
  clock.setTimer(() => (legacy.total = 0), 60)
  // Nobody tells that a pool closed a connection by itself: counts are looked at again.
  const permit = await clock.run(budget.enter('service', { timeoutMs: 500 }))
  expect(permit.rest.timeoutMs).toBe(400)
})

test('a trim that fails is tried again', async () => {
  const legacy = side(1, 1)
  let attempts = 0
  const failing = Object.assign(legacy, {
    trimIdle: () => {
      attempts += 1
      if (attempts === 1) return Promise.reject(new Error('no'))
      if (attempts === 2) return Promise.resolve(0)
      legacy.total = 0
      legacy.free = 0
      return Promise.resolve(1)
    },
  })
  const { budget, clock } = createBudget(1, failing, side(0, 0))
  await expect(clock.run(budget.enter('service', {}))).resolves.toBeDefined()
  expect(attempts).toBe(3)
})

test('a side at its own limit is not held back: it cannot open more', async () => {
  const legacy = Object.assign(side(2, 0), { max: 2 })
  const { budget } = createBudget(4, legacy, side(2, 0))
  await expect(budget.enter('legacy', {})).resolves.toBeDefined()
  expect(await isPending(budget.enter('service', {}))).toBe(true)
})
