import type { ClientConfig } from 'pg'
import { settle } from '../../../support/fake-clock'
import { errorWithCode, PoolStage, refused, request, watch } from './pool-stage'

const wrongPassword = errorWithCode('28P01', 'password authentication failed for user "app"')
const serverFull = errorWithCode('53300', 'sorry, too many clients already')

/** Everybody who waits is refused: the database has been down for as long as it takes. */
async function openBreaker(stage: PoolStage): Promise<void> {
  stage.host().refusal = refused
  const waiting = watch(stage.pool.acquire(request))
  while (waiting.error === undefined) await stage.clock.advance(10)
  expect(stage.clock.now()).toBeGreaterThanOrEqual(2_000)
  expect(waiting.error).toMatchObject({ code: 'CONNECT_FAILED', cause: refused })
}

test('after a failure one connection goes ahead, and each success lets twice as many follow', async () => {
  const stage = new PoolStage({ pool: { max: 10, min: 8 } }, (before) => {
    before.host().refusal = refused
    before.server.connectDelayMs = 10
  })
  await settle()
  expect(stage.pool.stats().opening).toBe(8)
  await stage.clock.advance(10)
  expect(stage.pool.stats().opening).toBe(0)
  stage.host().refusal = undefined
  const openings: number[] = []
  await stage.clock.advance(20)
  for (let step = 0; step < 4; step++) {
    openings.push(stage.pool.stats().opening)
    await stage.clock.advance(10)
  }
  expect(openings).toEqual([1, 2, 5, 0])
  expect(stage.pool.stats().idle).toBe(8)
  await stage.pool.close()
})

test('attempts to reach a server that is down come at growing distances', async () => {
  const stage = new PoolStage({ pool: { max: 5, acquireTimeoutMs: 1_000 } })
  stage.host().refusal = refused
  const wait = watch(stage.pool.acquire(request))
  await stage.clock.advance(1_000)
  expect(wait.error).toMatchObject({ code: 'CONNECT_FAILED' })
  const { attempts } = stage.host()
  const distances = attempts.slice(1).map((atMs, index) => atMs - attempts[index]!)
  expect(distances[0]).toBeCloseTo(18.75)
  expect(distances[1]).toBeCloseTo(37.5)
  expect(distances[2]).toBeCloseTo(75)
  expect(distances[3]).toBeCloseTo(150)
  for (const distance of distances.slice(4)) expect(distance).toBeCloseTo(187.5)
  await stage.pool.close()
})

test('callers of a server that is restarted wait for it', async () => {
  const stage = new PoolStage()
  stage.host().refusal = refused
  const wait = watch(stage.pool.acquire(request))
  await stage.clock.advance(1_500)
  expect(wait).toEqual({})
  stage.host().refusal = undefined
  await stage.clock.advance(250)
  expect(wait.value).toBeDefined()
  stage.pool.release(wait.value!, 'reuse')
  await stage.pool.close()
})

test('when the breaker opens, those who wait learn why no connection came', async () => {
  const stage = new PoolStage()
  stage.host().refusal = refused
  const waits = [1, 2, 3].map(() => watch(stage.pool.acquire(request)))
  await stage.clock.advance(2_500)
  for (const { error } of waits) {
    expect(error).toMatchObject({
      code: 'CONNECT_FAILED',
      cause: refused,
      message: expect.stringContaining('nothing accepts connections there') as string,
    })
  }
  expect(stage.pool.stats()).toMatchObject({
    waiting: 0,
    hosts: [{ breaker: 'open', lastErrorMessage: expect.stringContaining('localhost:5432') as string }],
  })
  await stage.pool.close()
  expect(stage.clock.timerCount).toBe(0)
})

test('while the breaker is open a caller is refused in a turn of its own', async () => {
  const stage = new PoolStage()
  await openBreaker(stage)
  const next = watch(stage.pool.acquire(request))
  await settle()
  expect(next).toEqual({})
  await stage.clock.advance(0)
  expect(next.error).toMatchObject({
    code: 'CIRCUIT_OPEN',
    isRetryable: true,
    cause: { code: 'CONNECT_FAILED', cause: refused },
    message: expect.stringContaining("pool 'main' does not connect now: could not connect to") as string,
  })
  const { retryAfterMs } = next.error as { retryAfterMs: number }
  expect(retryAfterMs).toBeGreaterThan(0)
  expect(retryAfterMs).toBeLessThanOrEqual(240)
  await stage.pool.close()
})

test('the database is tried on for callers who were refused, and the first success ends it', async () => {
  const stage = new PoolStage()
  await openBreaker(stage)
  stage.pool.acquire(request).catch(() => undefined)
  await stage.clock.advance(0)
  const before = stage.host().attempts.length
  await stage.clock.advance(1_000)
  const probes = stage.host().attempts.length - before
  expect(probes).toBeGreaterThanOrEqual(4)
  expect(probes).toBeLessThanOrEqual(6)
  stage.host().refusal = undefined
  await stage.clock.advance(250)
  expect(stage.pool.stats()).toMatchObject({
    idle: 1,
    hosts: [{ breaker: 'closed', consecutiveFailures: 0 }],
  })
  const lease = await stage.pool.acquire(request)
  stage.pool.release(lease, 'reuse')
  const { length } = stage.host().attempts
  await stage.clock.advance(1_000)
  expect(stage.host().attempts).toHaveLength(length)
  await stage.pool.close()
})

test('nobody is tried on for when the last caller was refused a minute ago', async () => {
  const stage = new PoolStage()
  await openBreaker(stage)
  stage.pool.acquire(request).catch(() => undefined)
  await stage.clock.advance(61_000)
  const { length } = stage.host().attempts
  await stage.clock.advance(10_000)
  expect(stage.host().attempts).toHaveLength(length)
  expect(stage.clock.timerCount).toBe(0)
  await stage.pool.close()
})

test('a caller who comes when a probe is due waits for what it finds', async () => {
  const stage = new PoolStage()
  await openBreaker(stage)
  await stage.clock.advance(1_000)
  stage.host().refusal = undefined
  const lease = await stage.pool.acquire(request)
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('a caller who comes when a probe is due and fails is told why', async () => {
  const stage = new PoolStage()
  await openBreaker(stage)
  await stage.clock.advance(1_000)
  const wait = watch(stage.pool.acquire(request))
  await settle()
  expect(wait.error).toMatchObject({ code: 'CONNECT_FAILED', cause: refused })
  await stage.pool.close()
})

test('with a connection that may come back callers wait although the breaker is open', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  const lease = await stage.pool.acquire(request)
  stage.host().refusal = refused
  const wait = watch(stage.pool.acquire(request))
  await stage.clock.advance(3_000)
  expect(stage.pool.stats().hosts?.[0]?.breaker).toBe('open')
  expect(wait).toEqual({})
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(wait.value?.client).toBe(lease.client)
  stage.pool.release(wait.value!, 'reuse')
  await stage.pool.close()
})

test('a wrong password that was written down fails callers at once, and nobody tries again for them', async () => {
  const stage = new PoolStage({ connection: { user: 'app', password: 'wrong' } })
  stage.host().refusal = wrongPassword
  const waits = [1, 2].map(() => watch(stage.pool.acquire(request)))
  await settle()
  for (const { error } of waits) {
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', isRetryable: false, cause: wrongPassword })
    expect(String(error)).not.toContain('wrong')
  }
  const { length } = stage.host().attempts
  await stage.clock.advance(5_000)
  expect(stage.host().attempts).toHaveLength(length)
  stage.host().refusal = undefined
  const lease = await stage.pool.acquire(request)
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('a password that was changed meanwhile is asked for once more', async () => {
  const passwords = ['old', 'new', 'newer']
  const stage = new PoolStage({
    pool: { max: 1 },
    connection: (): Promise<ClientConfig> => {
      if (passwords.length === 2) stage.host().refusal = undefined
      return Promise.resolve({ user: 'app', password: passwords.shift()! })
    },
  })
  stage.host().refusal = wrongPassword
  const lease = await stage.pool.acquire(request)
  expect(stage.configs.map(({ password }) => password)).toEqual(['old', 'new'])
  expect(stage.pool.stats().hosts).toMatchObject([{ host: '(given by the function)', port: 0 }])
  expect(stage.kinds()).toEqual(['connection-opened'])
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('a password that is refused a second time is not asked for again by the same attempt', async () => {
  let asked = 0
  const stage = new PoolStage({
    pool: { max: 1 },
    connection: () => Promise.resolve({ user: 'app', password: `secret-${String(++asked)}` }),
  })
  stage.host().refusal = wrongPassword
  const error: unknown = await stage.pool.acquire(request).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'CONNECT_FAILED', isRetryable: false })
  expect(asked).toBe(2)
  expect(JSON.stringify([error, stage.events, stage.pool.stats()])).not.toContain('secret-')
  const next = watch(stage.pool.acquire(request))
  await stage.clock.advance(25)
  expect(next.error).toMatchObject({ code: 'CONNECT_FAILED' })
  expect(asked).toBe(3)
  await stage.pool.close()
})

test('a source that gives no config, or none in time, is a failed connect', async () => {
  const answers: (() => Promise<unknown>)[] = [
    () => Promise.resolve('postgresql://app:secret@db/shop'),
    () => new Promise(() => undefined),
  ]
  const stage = new PoolStage({
    pool: { max: 1, acquireTimeoutMs: 100, connectTimeoutMs: 100 },
    connection: () => (answers.shift() ?? answers[0]!)() as Promise<ClientConfig>,
  })
  const wait = watch(stage.pool.acquire(request))
  await stage.clock.advance(100)
  expect(wait.error).toMatchObject({ code: 'CONNECT_FAILED' })
  expect(String(wait.error)).toContain('must resolve with a pg config object')
  expect(String(wait.error)).not.toContain('secret')
  const { length } = stage.events
  await stage.clock.advance(50)
  expect(stage.events.slice(length)).toMatchObject([
    {
      kind: 'connection-failed',
      error: { cause: { message: 'it gave no answer within connectTimeoutMs (100 ms)' } },
    },
  ])
  await stage.pool.close()
})

test('a hook that does not come back is ended by the connect timeout, and its connection closed', async () => {
  const stage = new PoolStage({
    pool: { max: 1, acquireTimeoutMs: 500, connectTimeoutMs: 100 },
    onConnect: () => new Promise(() => undefined),
  })
  const wait = watch(stage.pool.acquire(request))
  await stage.clock.advance(100)
  expect(stage.server.openCount).toBe(0)
  await stage.clock.advance(400)
  expect(wait.error).toMatchObject({ code: 'CONNECT_FAILED' })
  const closed = stage.pool.close()
  await stage.clock.advance(100)
  await closed
})

test('a server that is full makes the pool smaller for a while, and it grows again one by one', async () => {
  const stage = new PoolStage({ pool: { max: 4, acquireTimeoutMs: 60_000, idleTimeoutMs: 0 } })
  const leases = await Promise.all([stage.pool.acquire(request), stage.pool.acquire(request)])
  stage.host().refusal = serverFull
  const wait = watch(stage.pool.acquire(request))
  await stage.clock.advance(50)
  expect(stage.events).toContainEqual({ kind: 'pool-shrunk', pool: 'main', max: 2 })
  expect(stage.pool.stats().hosts?.[0]?.breaker).toBe('closed')
  const { length } = stage.host().attempts
  stage.host().refusal = undefined
  await stage.clock.advance(9_000)
  expect(stage.host().attempts).toHaveLength(length)
  await stage.clock.advance(1_100)
  expect(wait.value).toBeDefined()
  const next = watch(stage.pool.acquire(request))
  await stage.clock.advance(10_100)
  expect(next.value).toBeDefined()
  for (const lease of [...leases, wait.value!, next.value!]) stage.pool.release(lease, 'reuse')
  expect(stage.pool.stats()).toMatchObject({ idle: 4 })
  await stage.pool.close()
})

test('a caller of a full server is told what the server said, not that time ran out', async () => {
  const stage = new PoolStage({ pool: { max: 1, acquireTimeoutMs: 300 } })
  stage.host().refusal = serverFull
  const wait = watch(stage.pool.acquire(request))
  await stage.clock.advance(300)
  expect(wait.error).toMatchObject({
    code: 'CONNECT_FAILED',
    isRetryable: true,
    cause: serverFull,
    message: expect.stringContaining("pool 'main' could not connect within 300 ms. Last attempt:") as string,
  })
  await stage.pool.close()
})

test('a deadline while a connection is out is a timeout that tells of the refused attempt', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  const lease = await stage.pool.acquire(request)
  stage.host().refusal = refused
  const wait = watch(stage.pool.acquire({ ...request, timeoutMs: 200 }))
  await stage.clock.advance(200)
  expect(wait.error).toMatchObject({ code: 'ACQUIRE_TIMEOUT', cause: { code: 'CONNECT_FAILED' } })
  expect(String(wait.error)).toContain('Last attempt: could not connect to localhost:5432')
  stage.pool.release(lease, 'reuse')
  await stage.pool.close()
})

test('a server that gives no answer is a timeout, for want of anything worse', async () => {
  const stage = new PoolStage({ pool: { max: 1, acquireTimeoutMs: 300 } })
  stage.host().isSilent = true
  const wait = watch(stage.pool.acquire(request))
  await stage.clock.advance(300)
  expect(wait.error).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
  expect(String(wait.error)).toContain('1 being opened')
  await stage.pool.close()
})

test('an outage that begins with the loss of every connection is told to those who wait', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const lease = await stage.pool.acquire(request)
  const wait = watch(stage.pool.acquire(request))
  stage.host().refusal = refused
  stage.server.kill(1)
  stage.pool.release(lease, 'reuse')
  await stage.clock.advance(2_500)
  expect(wait.error).toMatchObject({ code: 'CONNECT_FAILED', cause: refused })
  expect(stage.closeReasons).toEqual(['failed'])
  await stage.pool.close()
})
