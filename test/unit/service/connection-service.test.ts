import type { ConnectionEvent } from '../../../src/core/events'
import { MockPoolStrategy } from '../../../src/pool/mock-pool'
import type { DatabaseConnectionService, ServiceOptions } from '../../../src/service/connection-service'
import { createConnectionService } from '../../../src/service/create-connection-service'
import { FakeClock } from '../../support/fake-clock'

function createService(options: Partial<ServiceOptions> = {}, pool: object = {}) {
  const clock = new FakeClock()
  const events: ConnectionEvent[] = []
  const databases = { strategy: 'mock', pool: { max: 4, ...pool } } as const
  const service = createConnectionService(
    { databases, ...options },
    { clock, onEvent: (event) => events.push(event) },
  )
  return { clock, events, service }
}

test.each([
  [{}, 'databases: received undefined'],
  [undefined, 'options: received undefined, expected an object'],
  [{ databases: {} }, 'databases: received an object, expected at least one database'],
  // An environment variable that is not set.
  [{ databases: { connection: undefined } }, 'databases.connection: received undefined, expected a URL'],
  [
    { databases: { strategy: 'mock' }, purpose: {} },
    "purpose: received an object, expected no such option (did you mean 'purposes'?)",
  ],
  [
    { databases: { strategy: 'simpel' } },
    "databases.strategy: received \"simpel\", expected 'simple', 'resilient', 'mock' or a PoolStrategy",
  ],
  [{ databases: { strategy: 'simple' } }, 'databases.connection: received undefined, expected a URL'],
  [{ databases: { main: { pool: {} } } }, 'databases.main.connection'],
  [{ databases: { main: { strategy: 'mock', pool: { max: 0 } } } }, 'databases.main.pool.max: received 0'],
  [{ databases: { strategy: 'mock' }, purposes: { rag: { max: 0 } } }, 'purposes.rag.max: received 0'],
  [
    { databases: { a: { strategy: 'mock' }, b: { strategy: 'mock' } }, budget: { maxConnections: 19 } },
    "budget.maxConnections: received 19, expected at least the sum of the pools' max, a 10 + b 10 = 20",
  ],
])('options %j are refused', (options, message) => {
  expect(() => createConnectionService(options as never)).toThrow(message)
})

test('a strategy of your own counts against the budget and is closed with the service', async () => {
  const strategy = new MockPoolStrategy({ pool: { max: 5 } })
  const databases = { main: { strategy } }
  expect(() => createConnectionService({ databases, budget: { maxConnections: 4 } })).toThrow('main 5 = 5')
  const service = createConnectionService({ databases, budget: { maxConnections: 5 } })
  expect((await service.query('SELECT 1')).rows).toEqual([])
  await service.close()
  await expect(strategy.acquire({ purpose: 'x' })).rejects.toMatchObject({ code: 'POOL_CLOSED' })
})

test.each<[string, string, (service: DatabaseConnectionService) => Promise<unknown>]>([
  [
    'an option of an acquire',
    "timeout: received 5, expected no such option (did you mean 'timeoutMs'?)",
    (service) => service.connection('general', { timeout: 5 } as never),
  ],
  [
    'an option of a statement',
    "timeoutMS: received 5, expected no such option (did you mean 'timeoutMs'?)",
    (service) => service.query('SELECT 1', [], { timeoutMS: 5 } as never),
  ],
  [
    'an option of a transaction',
    'isolaton: received "serializable", expected no such option (did you mean \'isolation\'?)',
    (service) =>
      service.withTransaction('general', () => Promise.resolve(), { isolaton: 'serializable' } as never),
  ],
  [
    'a signal',
    'signal: received an object, expected an AbortSignal',
    (service) => service.connection('general', { signal: {} as never }),
  ],
  [
    'a purpose that was left out',
    'work: received undefined, expected a function',
    (service) => service.withConnection((() => 1) as never, undefined as never),
  ],
  [
    'a transaction without work',
    'work: received undefined, expected a function',
    (service) => service.withTransaction('general', undefined as never),
  ],
  [
    'a purpose that is no text',
    'purpose: received 5, expected the name of a configured purpose',
    (service) => service.connection(5 as never),
  ],
  [
    'a callback',
    'callback: received a function, expected nothing',
    (service) => service.query('SELECT 1', (() => undefined) as never),
  ],
  [
    'a callback in the statement',
    'callback: received a function, expected nothing',
    (service) => service.query({ text: 'SELECT 1', callback: () => undefined } as never),
  ],
])('a slip of the pen is told by its name: %s', async (_, message, call) => {
  const { service } = createService()
  const error = await call(service).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'INVALID_OPTION' })
  expect(String(error)).toContain(message)
  expect(service.stats().purposes['general']).toMatchObject({ leased: 0, waiting: 0 })
  await service.close()
})

test('who is refused because too many wait, or waits for the limit of a purpose, is told of the pool and of who holds it', async () => {
  const { service, clock } = createService({ purposes: { rag: { max: 1 } } }, { max: 2, maxWaiting: 1 })
  const held = [await service.acquireConnection('rag'), await service.acquireConnection()]
  const pool = { leased: 2, max: 2 }
  const longestHolders = [{ purpose: 'rag' }, { purpose: 'general' }]
  const limited = service.connection('rag', { timeoutMs: 50 }).catch((error: unknown) => error)
  await clock.advance(50)
  expect(await limited).toMatchObject({ code: 'ACQUIRE_TIMEOUT', pool, longestHolders })
  expect(String(await limited)).toContain('raise the limit only when')
  const unsent = service.query('SELECT 1', [], { timeoutMs: 50 }).catch((error: unknown) => error)
  await clock.advance(50)
  expect(await unsent).toMatchObject({ code: 'ACQUIRE_TIMEOUT', pool, longestHolders })
  const waiting = service.connection().catch((error: unknown) => error)
  const refused = await service.connection().catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'POOL_SATURATED', pool, longestHolders })
  expect(String(refused)).toMatch(/maxWaiting is 1\)\. Held longest: 'rag' for \d+ ms/)
  for (const connection of held) service.releaseConnection(connection)
  await waiting
  await service.close({ timeoutMs: 0 })
})

test('an unknown purpose is refused with the nearest name', async () => {
  const { service } = createService({ purposes: { report: {} } })
  await expect(service.connection('raport')).rejects.toThrow(
    'purpose: received "raport", expected the name of a configured purpose (did you mean \'report\'?); known: general, report',
  )
  await expect(service.connection('zzz')).rejects.toThrow(
    'expected the name of a configured purpose; known: general, report',
  )
})

test('a purpose holds no more than its max, and its callers are served in order', async () => {
  const { service, clock } = createService({ purposes: { rag: { max: 1 } } })
  const first = await service.acquireConnection('rag')
  const order: number[] = []
  const waiting = [1, 2].map(async (turn) => {
    await using _conn = await service.connection('rag')
    order.push(turn)
  })
  await using _other = await service.connection()
  await clock.advance(1)
  expect(service.stats().purposes['rag']).toEqual({ leased: 1, waiting: 2, acquired: 1, failed: 0 })
  service.releaseConnection(first)
  await Promise.all(waiting)
  expect(order).toEqual([1, 2])
})

test('deadline and signal hold for the limit of a purpose too, and cost no place in it', async () => {
  const { service, clock } = createService({ purposes: { rag: { max: 1, acquireTimeoutMs: 50 } } })
  const first = await service.acquireConnection('rag')
  const late = service.connection('rag').catch((error: unknown) => error)
  const controller = new AbortController()
  const aborted = service.connection('rag', { signal: controller.signal }).catch((error: unknown) => error)
  controller.abort()
  expect(await aborted).toMatchObject({ code: 'ACQUIRE_ABORTED' })
  expect(
    await service.connection('rag', { signal: controller.signal }).catch((error: unknown) => error),
  ).toMatchObject({ code: 'ACQUIRE_ABORTED' })
  await clock.advance(50)
  expect(await late).toMatchObject({
    code: 'ACQUIRE_TIMEOUT',
    longestHolders: [{ purpose: 'rag', heldMs: 50 }],
  })
  expect(String(await late)).toMatch(
    /purposes\.rag\.max\) of 1 is in use\. Held longest: 'rag' for 50 ms\. Set pool\.leakThresholdMs/,
  )
  first.release()
  await using _next = await service.connection('rag')
  expect(service.stats().purposes['rag']).toEqual({ leased: 1, waiting: 0, acquired: 2, failed: 3 })
})

test('time spent at the limit of a purpose is taken off the deadline at the pool', async () => {
  const { service, clock } = createService({ purposes: { rag: { max: 1 } } }, { max: 1 })
  const first = await service.acquireConnection('rag')
  const late = service.connection('rag', { timeoutMs: 100 }).catch((error: unknown) => error)
  const taken = service.acquireConnection()
  await clock.advance(60)
  first.release()
  await taken
  await clock.advance(39)
  expect(service.stats().purposes['rag']).toMatchObject({ waiting: 1 })
  await clock.advance(1)
  expect(await late).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
})

test('a lease held too long is reported once, with the place where it was acquired', async () => {
  const { service, clock, events } = createService(
    {},
    { max: 1, leakThresholdMs: 1_000, acquireTimeoutMs: 5_000 },
  )
  const conn = await service.acquireConnection()
  await clock.advance(3_000)
  const overdue = events.filter((event) => event.kind === 'lease-overdue')
  expect(overdue).toMatchObject([
    { purpose: 'general', heldMs: 1_000, stack: expect.stringContaining('connection-service.test.ts') },
  ])
  const late = service.connection().catch((error: unknown) => error)
  await clock.advance(5_000)
  expect(await late).toMatchObject({
    longestHolders: [{ stack: expect.stringContaining('connection-service.test.ts') }],
  })
  expect(String(await late)).toContain('longestHolders of this error says where each was acquired')
  conn.release()
  await service.connection().then((next) => {
    next.release()
  })
  await clock.advance(3_000)
  expect(events.filter((event) => event.kind === 'lease-overdue')).toHaveLength(1)
})

test('a connection given back inside withConnection or withTransaction is not given back twice', async () => {
  const { service } = createService()
  expect(
    await service.withConnection('general', (conn) => {
      conn.release()
      return 'done'
    }),
  ).toBe('done')
  const early = service.withTransaction('general', async (tx) => {
    await Promise.resolve()
    tx.release()
  })
  await expect(early).rejects.toMatchObject({ code: 'LEASE_ENDED' })
  const error = new Error('mine')
  const thrown = service.withTransaction('general', async (tx) => {
    await Promise.resolve()
    tx.release()
    throw error
  })
  await expect(thrown).rejects.toBe(error)
  expect(service.stats().purposes['general']).toMatchObject({ leased: 0 })
})

test('trimIdle closes idle connections over all databases, no more than asked', async () => {
  const { service } = createService({ databases: { a: { strategy: 'mock' }, b: { strategy: 'mock' } } })
  for (const database of ['a', 'b']) {
    const connections = [
      await service.connection('general', { database }),
      await service.connection('general', { database }),
    ]
    for (const connection of connections) connection.release()
  }
  expect(await service.trimIdle(3)).toBe(3)
  expect(await service.trimIdle(3)).toBe(1)
})

test.each([-1, 1.5, 'all'])('trimIdle(%p) is refused, and nothing is closed', async (count) => {
  const { service } = createService()
  ;(await service.connection()).release()
  await expect(service.trimIdle(count as number)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  expect(service.stats().databases['default']).toMatchObject({ idle: 1 })
})

test('close settles who waits, refuses who comes, and takes leases away after the time given', async () => {
  const { service, clock } = createService({ purposes: { rag: { max: 1 } } })
  const conn = await service.acquireConnection('rag')
  const waiting = service.connection('rag').catch((error: unknown) => error)
  const closed = service.close({ timeoutMs: 100 })
  expect(await waiting).toMatchObject({ code: 'POOL_CLOSED' })
  await expect(service.connection()).rejects.toMatchObject({ code: 'POOL_CLOSED' })
  await clock.advance(99)
  expect((await conn.query('SELECT 1')).rows).toEqual([])
  await clock.advance(1)
  await closed
  await expect(conn.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
  await service[Symbol.asyncDispose]()
  expect(clock.timerCount).toBe(0)
})

test.each([NaN, -1, '50'])('a deadline of %p is refused, not taken for an instant one', async (timeoutMs) => {
  const { service } = createService()
  await expect(service.connection('general', { timeoutMs: timeoutMs as number })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    option: 'timeoutMs',
  })
  expect(() => service.close({ timeoutMs } as never)).toThrow('close.timeoutMs')
  await service.close()
})

test('an isolation level that is none never becomes part of a statement', async () => {
  const { service } = createService()
  const isolation = 'serializable; DROP TABLE note' as 'serializable'
  await expect(service.withTransaction('general', () => Promise.resolve(), { isolation })).rejects.toThrow(
    /invalid option isolation: .* expected one of 'read committed'/,
  )
  expect(service.stats().purposes['general']?.leased).toBe(0)
  await service.close()
})

test('a strategy that throws at give-back does not cost its purpose a place', async () => {
  const strategy = new MockPoolStrategy()
  const release = jest.spyOn(strategy, 'release')
  const service = createConnectionService({ databases: { strategy }, purposes: { rag: { max: 1 } } })
  const held = await service.acquireConnection('rag')
  release.mockImplementationOnce((...args) => {
    release.mockRestore()
    strategy.release(...args)
    throw new Error('broken strategy')
  })
  expect(() => {
    service.releaseConnection(held)
  }).toThrow('broken strategy')
  const next = await service.acquireConnection('rag', { timeoutMs: 100 })
  service.releaseConnection(next)
  await service.close()
})
