import { ResilientPoolStrategy } from '../../../../src/pool/resilient/resilient-pool'
import { settle } from '../../../support/fake-clock'
import { PoolStage, request, watch } from './pool-stage'

test('the minimum is opened before anybody asks and again when a connection is lost', async () => {
  const stage = new PoolStage({ pool: { min: 2 } })
  await settle()
  expect(stage.pool.stats()).toMatchObject({ idle: 2, total: 2, opened: 2 })
  stage.server.kill(1)
  await settle()
  expect(stage.pool.stats()).toMatchObject({ idle: 2, opened: 3, closed: 1 })
  expect(stage.closeReasons).toEqual(['failed'])
  await stage.pool.close()
})

test('without prewarm the minimum only stays once it is there', async () => {
  const stage = new PoolStage({ pool: { min: 1, prewarm: false, idleTimeoutMs: 1_000, healthCheckMs: 0 } })
  await settle()
  expect(stage.pool.stats().total).toBe(0)
  await stage.fill(2)
  await stage.clock.advance(60_000)
  expect(stage.pool.stats().idle).toBe(1)
  await stage.pool.close()
})

test('the minimum is opened at once when the pool is made larger', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  stage.pool.resize({ max: 4, min: 3 })
  await settle()
  expect(stage.pool.stats()).toMatchObject({ idle: 3, min: 3, max: 4 })
  await stage.pool.close()
})

test('callers who are served sooner by a connection that comes back have none opened for them', async () => {
  const stage = new PoolStage({ pool: { max: 10 } })
  stage.server.connectDelayMs = 20
  const first = watch(stage.pool.acquire(request))
  await stage.clock.advance(20)
  await stage.clock.advance(1)
  stage.pool.release(first.value!, 'reuse')
  const waits = [1, 2, 3, 4].map(() => watch(stage.pool.acquire(request)))
  for (const wait of waits) {
    await stage.clock.advance(1)
    expect(wait.value).toBeDefined()
    stage.pool.release(wait.value!, 'reuse')
  }
  expect(stage.server.openedCount).toBe(1)
  await stage.pool.close()
})

test('after three leases the pool knows that a new connection is there sooner than one comes back', async () => {
  const stage = new PoolStage({ pool: { max: 10 } })
  stage.server.connectDelayMs = 20
  for (let count = 0; count < 3; count++) {
    const lease = watch(stage.pool.acquire(request))
    await stage.clock.advance(20)
    await stage.clock.advance(40)
    stage.pool.release(lease.value!, 'reuse')
  }
  const [first, second] = [1, 2].map(() => watch(stage.pool.acquire(request)))
  expect(stage.pool.stats()).toMatchObject({ leased: 1, opening: 1 })
  await stage.clock.advance(20)
  for (const lease of [first, second]) stage.pool.release(lease!.value!, 'reuse')
  await stage.pool.close()
})

test('what is kept for as long as there is work for it does not count as how long leases last', async () => {
  const stage = new PoolStage({ pool: { max: 10 } })
  stage.server.connectDelayMs = 20
  const first = watch(stage.pool.acquire(request))
  await stage.clock.advance(20)
  stage.pool.release(first.value!, 'reuse')
  for (const [heldMs, asked] of [
    ...Array.from({ length: 4 }, () => [1, request] as const),
    ...Array.from({ length: 18 }, () => [500, { ...request, isOpenEnded: true }] as const),
  ]) {
    const lease = await stage.pool.acquire(asked)
    await stage.clock.advance(heldMs)
    stage.pool.release(lease, 'reuse')
  }
  for (const wait of [1, 2, 3, 4].map(() => watch(stage.pool.acquire(request)))) {
    await stage.clock.advance(1)
    stage.pool.release(wait.value!, 'reuse')
  }
  await stage.clock.advance(20)
  expect(stage.server.openedCount).toBe(1)
  await stage.pool.close()
})

test('callers who would wait longer for a lease than for a connect have connections opened for them', async () => {
  const stage = new PoolStage({ pool: { max: 10 } })
  stage.server.connectDelayMs = 20
  const first = watch(stage.pool.acquire(request))
  await stage.clock.advance(20)
  await stage.clock.advance(1_000)
  const waits = [1, 2].map(() => watch(stage.pool.acquire(request)))
  await stage.clock.advance(20)
  expect(waits.every(({ value }) => value !== undefined)).toBe(true)
  for (const { value } of [first, ...waits]) stage.pool.release(value!, 'reuse')
  await stage.pool.close()
})

test('a caller about whose wait nothing is known is looked at again soon', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  stage.server.connectDelayMs = 8
  const first = watch(stage.pool.acquire(request))
  await stage.clock.advance(8)
  const second = watch(stage.pool.acquire(request))
  expect(stage.pool.stats().opening).toBe(0)
  await stage.clock.advance(30)
  expect(second.value).toBeDefined()
  for (const { value } of [first, second]) stage.pool.release(value!, 'reuse')
  await stage.pool.close()
})

test('no more than maxConnecting connections are on their way in at once', async () => {
  const stage = new PoolStage({ pool: { max: 10, min: 7, maxConnecting: 3 } })
  stage.server.connectDelayMs = 10
  await settle()
  expect(stage.pool.stats().opening).toBe(3)
  await stage.clock.advance(10)
  expect(stage.pool.stats()).toMatchObject({ idle: 3, opening: 3 })
  await stage.clock.advance(20)
  expect(stage.pool.stats()).toMatchObject({ idle: 7, opening: 0 })
  await stage.pool.close()
})

test('the connection made for a caller who has gone serves the next', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  stage.server.connectDelayMs = 50
  const gone = watch(stage.pool.acquire({ ...request, timeoutMs: 10 }))
  await stage.clock.advance(10)
  expect(gone.error).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
  const next = watch(stage.pool.acquire(request))
  await stage.clock.advance(40)
  expect(next.value?.id).toBe(1)
  expect(stage.pool.stats().timeouts).toBe(1)
  stage.pool.release(next.value!, 'reuse')
  await stage.pool.close()
})

test('a connection hook runs before anybody gets the connection and its failure is a failed connect', async () => {
  const seen: string[] = []
  const stage = new PoolStage({
    pool: { max: 1, acquireTimeoutMs: 100 },
    onConnect: async (client) => {
      await client.query('SELECT hook')
      seen.push('hook')
      if (seen.length === 1) throw new Error('the hook does not like it')
    },
  })
  const lease = watch(stage.pool.acquire(request))
  await settle()
  expect(lease.value).toBeUndefined()
  expect(stage.server.openCount).toBe(0)
  await stage.clock.advance(50)
  expect(lease.value?.client).toBeDefined()
  expect(stage.kinds()).toEqual(['connection-failed', 'connection-opened'])
  stage.pool.release(lease.value!, 'reuse')
  await stage.pool.close()
})

test('a suspended pool lends nothing, says so at the deadline, and serves in order once it is resumed', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  await stage.fill(1)
  stage.pool.suspend()
  const late = watch(stage.pool.acquire({ ...request, timeoutMs: 100 }))
  const patient = watch(stage.pool.acquire(request))
  await stage.clock.advance(100)
  expect(late.error).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
  expect(String(late.error)).toContain('suspended and lends nothing until resume()')
  expect(patient.value).toBeUndefined()
  stage.pool.resume()
  await settle()
  expect(patient.value?.id).toBe(1)
  stage.pool.release(patient.value!, 'reuse')
  await stage.pool.close()
})

test('what comes back while the pool is suspended stays with the pool', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const lease = await stage.pool.acquire(request)
  const waiting = watch(stage.pool.acquire(request))
  stage.pool.suspend()
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(stage.pool.stats()).toMatchObject({ idle: 1, waiting: 1 })
  stage.pool.resume()
  await settle()
  expect(waiting.value?.client).toBe(lease.client)
  stage.pool.release(waiting.value!, 'reuse')
  await stage.pool.close()
})

test('drain replaces idle connections at once, leased ones at give-back, and those on their way in when they arrive', async () => {
  const stage = new PoolStage({ pool: { max: 3 } })
  await stage.fill(2)
  const leased = await stage.pool.acquire(request)
  stage.server.connectDelayMs = 50
  stage.pool.resize({ min: 3 })
  await settle()
  expect(stage.pool.stats()).toMatchObject({ idle: 1, leased: 1, opening: 1 })
  const drained = watch(stage.pool.drain('new certificate').then(() => 'drained'))
  await stage.clock.advance(50)
  expect(stage.closeReasons).toEqual(['drained', 'drained'])
  expect(drained.value).toBeUndefined()
  stage.pool.release(leased, 'reuse')
  await stage.clock.advance(50)
  expect(drained.value).toBe('drained')
  expect(stage.closeReasons).toEqual(['drained', 'drained', 'drained'])
  expect(stage.events).toContainEqual({ kind: 'pool-drained', pool: 'main', reason: 'new certificate' })
  await stage.clock.advance(200)
  expect(stage.pool.stats()).toMatchObject({ idle: 3, total: 3 })
  await stage.pool.close()
})

test('evict answers at once how many connections will be replaced', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  await stage.fill(1)
  const lease = await stage.pool.acquire(request)
  expect(stage.pool.evict('because')).toBe(1)
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(stage.closeReasons).toEqual(['drained'])
  expect(stage.pool.stats().total).toBe(0)
  await stage.pool.close()
})

test('a pool that is made smaller closes idle connections now and leased ones at give-back', async () => {
  const stage = new PoolStage({ pool: { max: 4, min: 3 } })
  await settle()
  const leases = await Promise.all([1, 2, 3].map(() => stage.pool.acquire(request)))
  stage.pool.resize({ max: 1 })
  expect(stage.pool.stats()).toMatchObject({ max: 1, min: 1 })
  for (const lease of leases) stage.pool.release(lease, 'reuse')
  await settle()
  expect(stage.pool.stats()).toMatchObject({ idle: 1, total: 1 })
  expect(stage.closeReasons).toEqual(['surplus', 'surplus'])
  await stage.pool.close()
})

test('trimming closes the connections that are idle longest and tells how many there were', async () => {
  const stage = new PoolStage({ pool: { max: 3 } })
  await stage.fill(2)
  await expect(stage.pool.trimIdle(1)).resolves.toBe(1)
  const left = await stage.pool.acquire(request)
  expect(left.id).toBe(2)
  stage.pool.release(left, 'reuse')
  await expect(stage.pool.trimIdle(5)).resolves.toBe(1)
  await expect(stage.pool.trimIdle(-1)).resolves.toBe(0)
  await stage.pool.close()
})

test('close settles every waiter, ends what is on its way in, and leaves no timer', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  const lease = await stage.pool.acquire(request)
  stage.host().isSilent = true
  const waits = [1, 2, 3].map(() => watch(stage.pool.acquire(request)))
  await stage.clock.advance(20)
  expect(stage.pool.stats()).toMatchObject({ opening: 1, waiting: 3 })
  const closed = watch(stage.pool.close().then(() => 'closed'))
  await settle()
  for (const { error } of waits) expect(error).toMatchObject({ code: 'POOL_CLOSED' })
  expect(closed.value).toBeUndefined()
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(closed.value).toBe('closed')
  expect(stage.pool.stats()).toMatchObject({ total: 0, waiting: 0 })
  expect(stage.clock.timerCount).toBe(0)
  expect(stage.kinds()).not.toContain('connection-failed')
  await expect(stage.pool.acquire(request)).rejects.toMatchObject({ code: 'POOL_CLOSED' })
})

test('closing twice is closing once', async () => {
  const stage = new PoolStage()
  await stage.fill(1)
  const first = stage.pool.close()
  expect(stage.pool.close()).toBe(first)
  await first
  expect(stage.closeReasons).toEqual(['closed'])
  expect(stage.clock.timerCount).toBe(0)
})

test('a connection that arrives while the pool closes is closed', async () => {
  const stage = new PoolStage()
  stage.server.connectDelayMs = 10
  const wait = watch(stage.pool.acquire(request))
  await settle()
  const closed = stage.pool.close()
  await stage.clock.advance(10)
  await closed
  expect(wait.error).toMatchObject({ code: 'POOL_CLOSED' })
  expect(stage.closeReasons).toEqual(['closed'])
  expect(stage.server.openCount).toBe(0)
  expect(stage.clock.timerCount).toBe(0)
})

test('a signal that was aborted before refuses at once, and one that is aborted later ends the wait', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const lease = await stage.pool.acquire(request)
  await expect(stage.pool.acquire({ ...request, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ACQUIRE_ABORTED',
  })
  const controller = new AbortController()
  const wait = stage.pool.acquire({ ...request, signal: controller.signal })
  expect(stage.pool.waitingCount).toBe(1)
  controller.abort(new Error('enough'))
  await expect(wait).rejects.toMatchObject({ code: 'ACQUIRE_ABORTED', cause: { message: 'enough' } })
  expect(stage.pool.waitingCount).toBe(0)
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('a timeout of a busy pool tells how it stood', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const lease = await stage.pool.acquire(request)
  const wait = watch(stage.pool.acquire({ purpose: 'report', timeoutMs: 40 }))
  await stage.clock.advance(40)
  expect(wait.error).toMatchObject({
    code: 'ACQUIRE_TIMEOUT',
    pool: { leased: 1, max: 1, waiting: 0 },
    message: expect.stringContaining(
      "purpose 'report' from pool 'main' within 40 ms: 1 of 1 leased",
    ) as string,
  })
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('a line that is full refuses the next caller at once, those that will be served aside', async () => {
  const stage = new PoolStage({ pool: { max: 2, maxWaiting: 1 } })
  stage.server.connectDelayMs = 10
  const served = [1, 2, 3].map(() => watch(stage.pool.acquire(request)))
  await expect(stage.pool.acquire(request)).rejects.toMatchObject({ code: 'POOL_SATURATED' })
  await stage.clock.advance(10)
  expect(served.map(({ value }) => value !== undefined)).toEqual([true, true, false])
  stage.pool.release(served[0]!.value!, 'reuse')
  await settle()
  stage.pool.release(served[1]!.value!, 'reuse')
  stage.pool.release(served[2]!.value!, 'reuse')
  await stage.pool.close()
})

test('callers with a receiver are told exactly once, and a connection comes back only to the pool it is out of', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const other = new PoolStage()
  const told: unknown[] = []
  stage.pool.acquireLater(request, {
    deliver: (connection) => told.push(connection),
    refuse: (error) => told.push(error),
  })
  await settle()
  expect(told).toHaveLength(1)
  const [lease] = told as Parameters<typeof stage.pool.release>[0][]
  expect(() => {
    other.pool.release(lease!, 'reuse')
  }).toThrow(expect.objectContaining({ code: 'FOREIGN_CONNECTION' }) as Error)
  expect(() => {
    other.pool.release({ client: lease!.client, id: 1 }, 'reuse')
  }).toThrow(expect.objectContaining({ code: 'FOREIGN_CONNECTION' }) as Error)
  stage.pool.release(lease!, 'discard')
  await settle()
  expect(stage.closeReasons).toEqual(['discarded'])
  await Promise.all([stage.pool.close(), other.pool.close()])
})

test('a pool that is told nothing but where to connect uses the system clock and names itself', async () => {
  const pool = new ResilientPoolStrategy({ connection: 'postgresql://app:secret@db.internal:6543/shop' })
  expect(pool.stats().hosts).toEqual([expect.objectContaining({ host: 'db.internal', port: 6543 })])
  expect(JSON.stringify(pool.stats())).not.toContain('secret')
  await pool.close()
  await expect(pool.acquire(request)).rejects.toThrow("pool 'default' is closed")
})

test('a line that does not end is given connections even in a turn of the event loop that does not end', async () => {
  const stage = new PoolStage({ pool: { max: 3 } })
  for (let use = 0; use < 3; use++) stage.pool.release(await stage.pool.acquire(request), 'reuse')
  const frozenMs = stage.clock.now()
  stage.clock.turnNow = () => frozenMs
  stage.clock.now = () => frozenMs + 1_000
  let left = 5_000
  const caller = async () => {
    while (left-- > 0) stage.pool.release(await stage.pool.acquire(request), 'reuse')
  }
  await Promise.all(Array.from({ length: 8 }, caller))
  expect(stage.pool.stats().opened).toBe(3)
  await stage.pool.close()
})
