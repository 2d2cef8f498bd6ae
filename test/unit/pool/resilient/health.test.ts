import { settle } from '../../../support/fake-clock'
import { PoolStage, request, watch } from './pool-stage'

const lost = new Error('Connection terminated unexpectedly')
/** What a connection is asked to see whether it lives. */
const ping = /^$/

test('a connection that was silent is asked before it is lent, and lent when it answers', async () => {
  const stage = new PoolStage()
  await stage.fill(1)
  await stage.clock.advance(999)
  const soon = await stage.pool.acquire(request)
  expect(stage.texts()).toEqual([])
  stage.pool.release(soon, 'reuse')
  await stage.clock.advance(1_000)
  expect(stage.pool.tryAcquire(request)).toBeUndefined()
  const later = await stage.pool.acquire(request)
  expect(stage.texts()).toEqual([''])
  expect(later.client).toBe(soon.client)
  stage.pool.release(later, 'reuse')
  await stage.pool.close()
})

test('a dead connection is closed, those that were as silent go with it, and the caller gets a fresh one', async () => {
  const stage = new PoolStage()
  await stage.fill(3)
  await stage.clock.advance(2_000)
  stage.server.reply(ping, lost)
  const wait = watch(stage.pool.acquire(request))
  await stage.clock.advance(25)
  expect(wait.value?.id).toBe(4)
  expect(stage.texts()).toEqual([''])
  await settle()
  expect(stage.closeReasons).toEqual(['failed', 'failed', 'failed'])
  expect(stage.events).toContainEqual({
    kind: 'connection-failed',
    pool: 'main',
    error: expect.objectContaining({
      code: 'CONNECT_FAILED',
      message: 'idle connection 3 was lost: Connection terminated unexpectedly',
      cause: lost,
    }) as Error,
  })
  stage.pool.release(wait.value!, 'reuse')
  await stage.pool.close()
})

test('one that was lent a moment ago is not dismissed with the dead one, but asked', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  await stage.fill(2)
  await stage.clock.advance(1_500)
  const fresh = await stage.pool.acquire(request)
  stage.pool.release(fresh, 'reuse')
  stage.server.reply(ping, ({ connectionId }) => (connectionId === fresh.id ? [] : lost))
  const waits = [stage.pool.acquire(request), stage.pool.acquire(request)].map(watch)
  await stage.clock.advance(25)
  expect(waits.map(({ value }) => value?.id)).toEqual([2, 3])
  for (const { value } of waits) stage.pool.release(value!, 'reuse')
  expect(stage.closeReasons).toEqual(['failed'])
  await stage.pool.close()
})

test('a check that takes its time does not hold the caller: a fresh connection is opened instead', async () => {
  const stage = new PoolStage()
  await stage.fill(1)
  await stage.clock.advance(2_000)
  stage.server.reply(ping, [], { delayMs: 60_000 })
  const wait = watch(stage.pool.acquire(request))
  await stage.clock.advance(40)
  expect(stage.pool.stats()).toMatchObject({ resetting: 1, opening: 0 })
  await stage.clock.advance(20)
  expect(wait.value?.id).toBe(2)
  await stage.clock.advance(2_000)
  expect(stage.closeReasons).toEqual(['failed'])
  expect(
    String((stage.events.find(({ kind }) => kind === 'connection-failed') as { error: unknown }).error),
  ).toContain('the connection gave no answer within 2000 ms')
  stage.pool.release(wait.value!, 'reuse')
  await stage.pool.close()
})

test('with validation at every borrow a connection is asked each time', async () => {
  const stage = new PoolStage({ pool: { max: 1, validateAfterIdleMs: 0 } })
  await stage.fill(1)
  await stage.fill(1)
  await stage.fill(1)
  expect(stage.texts()).toEqual(['', ''])
  await stage.pool.close()
})

test('no more connections are asked than callers wait', async () => {
  const stage = new PoolStage({ pool: { max: 4 } })
  await stage.fill(4)
  await stage.clock.advance(2_000)
  const leases = await Promise.all([stage.pool.acquire(request), stage.pool.acquire(request)])
  expect(stage.texts()).toHaveLength(2)
  for (const lease of leases) stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('idle connections are asked in the background, and a dead one is found by nobody’s request', async () => {
  const stage = new PoolStage({ pool: { healthCheckMs: 5_000, idleTimeoutMs: 0, maxLifetimeMs: 0 } })
  await stage.fill(1)
  await stage.clock.advance(5_000)
  expect(stage.texts()).toEqual([''])
  await stage.clock.advance(5_000)
  expect(stage.texts()).toEqual(['', ''])
  stage.server.reply(ping, lost)
  await stage.clock.advance(5_000)
  expect(stage.pool.stats().total).toBe(0)
  expect(stage.closeReasons).toEqual(['failed'])
  expect(stage.clock.timerCount).toBe(0)
  await stage.pool.close()
})

test('the one timer of the pool does not keep the process alive', async () => {
  const stage = new PoolStage({ pool: { min: 2 } })
  await settle()
  expect(stage.clock.timerCount).toBe(1)
  expect(stage.clock.backgroundTimerCount).toBe(1)
  await stage.pool.close()
})

test('idle connections above the minimum are closed after their time', async () => {
  const stage = new PoolStage({ pool: { min: 1, idleTimeoutMs: 1_000, maxLifetimeMs: 0, healthCheckMs: 0 } })
  await stage.fill(3)
  await stage.clock.advance(999)
  expect(stage.pool.stats().idle).toBe(3)
  await stage.clock.advance(1)
  expect(stage.pool.stats().idle).toBe(1)
  expect(stage.closeReasons).toEqual(['idle', 'idle'])
  await stage.clock.advance(60_000)
  expect(stage.pool.stats().idle).toBe(1)
  expect(stage.clock.timerCount).toBe(0)
  await stage.pool.close()
})

test('connections end at a jittered age: idle ones in the background, leased ones at give-back', async () => {
  const draws = [0, 1]
  const stage = new PoolStage({
    pool: { max: 2, idleTimeoutMs: 0, maxLifetimeMs: 1_000, lifetimeJitter: 0.5, healthCheckMs: 0 },
    random: () => draws.shift() ?? 0,
  })
  const [lasting, short] = await Promise.all([stage.pool.acquire(request), stage.pool.acquire(request)])
  stage.pool.release(short, 'reuse')
  await stage.clock.advance(499)
  expect(stage.pool.stats().idle).toBe(1)
  await stage.clock.advance(1)
  expect(stage.closeReasons).toEqual(['expired'])
  await stage.clock.advance(500)
  stage.pool.release(lasting, 'reuse')
  await settle()
  expect(stage.closeReasons).toEqual(['expired', 'expired'])
  await stage.pool.close()
})

test('a connection that is too old is closed instead of lent though no sweep has seen it', async () => {
  const stage = new PoolStage({ pool: { max: 1, idleTimeoutMs: 0, maxLifetimeMs: 500, lifetimeJitter: 0 } })
  await stage.fill(1)
  // The event loop was blocked: the sweep is late.
  const { clock } = stage
  clock.now = clock.turnNow = () => 500
  const lease = await stage.pool.acquire(request)
  expect(lease.id).toBe(2)
  expect(stage.closeReasons).toEqual(['expired'])
  stage.pool.release(lease, 'discard')
  await stage.pool.close()
})

test('a connection that breaks while it is being asked is closed once', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  await stage.fill(1)
  await stage.clock.advance(2_000)
  stage.server.reply(ping, [], { delayMs: 1_000 })
  const wait = watch(stage.pool.acquire(request))
  await settle()
  stage.server.kill(1)
  await stage.clock.advance(25)
  expect(wait.value?.id).toBe(2)
  expect(stage.closeReasons).toEqual(['failed'])
  stage.pool.release(wait.value!, 'reuse')
  await stage.pool.close()
})

test('a check that answers after the pool was closed brings nothing back', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  await stage.fill(1)
  await stage.clock.advance(2_000)
  stage.server.reply(ping, [], { delayMs: 10 })
  const wait = watch(stage.pool.acquire(request))
  await settle()
  const closed = stage.pool.close()
  await stage.clock.advance(10)
  await closed
  expect(wait.error).toMatchObject({ code: 'POOL_CLOSED' })
  expect(stage.closeReasons).toEqual(['closed'])
  expect(stage.clock.timerCount).toBe(0)
})
