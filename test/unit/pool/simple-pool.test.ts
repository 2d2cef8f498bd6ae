import type { ConnectionEvent } from '../../../src/core/events'
import { MockPoolStrategy } from '../../../src/pool/mock-pool'
import type { PoolOptions } from '../../../src/pool/pool-options'
import { FakeClock, settle } from '../../support/fake-clock'

function createPool(pool: PoolOptions = {}) {
  const clock = new FakeClock()
  const events: ConnectionEvent[] = []
  const strategy = new MockPoolStrategy(
    { pool, name: 'main' },
    { clock, random: () => 0.5, onEvent: (event) => events.push(event) },
  )
  return { clock, events, pool: strategy, server: strategy.server }
}

const request = { purpose: 'test' } as const
const reasons = (events: readonly ConnectionEvent[]) =>
  events.flatMap((event) => (event.kind === 'connection-closed' ? [event.reason] : []))

test('idle connections are closed after their time, down to min', async () => {
  const { pool, clock, events } = createPool({ min: 1, idleTimeoutMs: 1_000, maxLifetimeMs: 0 })
  const leases = await Promise.all([1, 2, 3].map(() => pool.acquire(request)))
  for (const lease of leases) pool.release(lease, 'reuse')
  await clock.advance(999)
  expect(pool.stats().idle).toBe(3)
  await clock.advance(1)
  expect(pool.stats().idle).toBe(1)
  expect(reasons(events)).toEqual(['idle', 'idle'])
  await clock.advance(60_000)
  expect(pool.stats().idle).toBe(1)
  expect(clock.timerCount).toBe(0)
  await pool.close()
})

test('a connection past its jittered lifetime is closed while idle and not lent again', async () => {
  const { pool, clock, events } = createPool({ idleTimeoutMs: 0, maxLifetimeMs: 1_000, lifetimeJitter: 0.2 })
  const [idle, leased] = await Promise.all([pool.acquire(request), pool.acquire(request)])
  pool.release(idle, 'reuse')
  expect(clock.backgroundTimerCount).toBe(1)
  await clock.advance(899)
  expect(pool.stats().idle).toBe(1)
  await clock.advance(1)
  expect(pool.stats().idle).toBe(0)
  pool.release(leased, 'reuse')
  await settle()
  expect(reasons(events)).toEqual(['expired', 'expired'])
  await pool.close()
})

test('a connection that grew too old between two sweeps is passed over', async () => {
  const clock = new FakeClock()
  const draws = [0, 1]
  const pool = new MockPoolStrategy(
    { pool: { idleTimeoutMs: 0, maxLifetimeMs: 1_000, lifetimeJitter: 0.5 } },
    { clock, random: () => draws.shift() ?? 0 },
  )
  const [lasting, short] = await Promise.all([pool.acquire(request), pool.acquire(request)])
  pool.release(lasting, 'reuse')
  pool.release(short, 'reuse')
  await clock.advance(500)
  const next = await pool.acquire(request)
  expect(next.client).toBe(lasting.client)
  expect(pool.stats()).toMatchObject({ leased: 1, idle: 0, closing: 1, total: 2 })
  pool.release(next, 'reuse')
  await pool.close()
})

test('a connection is closed after maxUses leases', async () => {
  const { pool, events } = createPool({ max: 1, maxUses: 2 })
  const ids: number[] = []
  for (let turn = 0; turn < 3; turn++) {
    const lease = await pool.acquire(request)
    ids.push(lease.id)
    pool.release(lease, 'reuse')
  }
  expect(ids).toEqual([1, 1, 2])
  expect(reasons(events)).toEqual(['worn'])
  await pool.close()
})

test('an idle connection that breaks is dropped at once and reported', async () => {
  const { pool, events, server } = createPool()
  pool.release(await pool.acquire(request), 'reuse')
  const error = new Error('terminating connection due to administrator command')
  server.kill(1, error)
  await settle()
  expect(pool.stats().total).toBe(0)
  expect(events).toContainEqual({ kind: 'connection-failed', pool: 'main', error })
  expect(reasons(events)).toEqual(['failed'])
  await pool.close()
})

test('a failed connect is told to the caller who waits first, with its cause', async () => {
  const { pool, server, events } = createPool({ max: 1 })
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  server.failConnect(cause)
  const first = pool.acquire(request)
  const second = pool.acquire(request)
  await expect(first).rejects.toMatchObject({ code: 'CONNECT_FAILED', cause })
  pool.release(await second, 'reuse')
  expect(events[0]).toMatchObject({ kind: 'connection-failed' })
  await pool.close()
})

test('the connection made for a caller who has gone serves the next', async () => {
  const { pool, server, clock } = createPool({ max: 1 })
  server.connectDelayMs = 50
  const gone = expect(pool.acquire({ ...request, timeoutMs: 10 })).rejects.toMatchObject({
    code: 'ACQUIRE_TIMEOUT',
  })
  await clock.advance(10)
  await gone
  const next = pool.acquire(request)
  await clock.advance(40)
  pool.release(await next, 'reuse')
  expect(server.openedCount).toBe(1)
  await pool.close()
})

test('a deadline after a refused connect says why', async () => {
  const { pool, server, clock } = createPool({ max: 1 })
  server.failConnect(new Error('the server is starting up'))
  await pool.acquire(request).catch(() => undefined)
  server.connectDelayMs = 1_000
  const late = pool.acquire({ ...request, timeoutMs: 10 }).catch((error: unknown) => error)
  await clock.advance(10)
  expect(await late).toMatchObject({ code: 'ACQUIRE_TIMEOUT', cause: { code: 'CONNECT_FAILED' } })
  expect(String(await late)).toContain('Last attempt: could not connect')
  await clock.advance(1_000)
  await pool.close()
})

test('a connection whose queries do not end is closed when the clean-up is due', async () => {
  const { pool, server, clock, events } = createPool({ max: 1, resetTimeoutMs: 100 })
  server.reply('hung', [], { delayMs: 60_000 })
  const lease = await pool.acquire(request)
  lease.client.query('SELECT hung').catch(() => undefined)
  pool.release(lease, 'reuse')
  const next = pool.acquire(request)
  await clock.advance(100)
  expect((await next).id).toBe(2)
  expect(events.map(({ kind }) => kind)).toEqual([
    'connection-opened',
    'released-while-busy',
    'reset-failed',
    'connection-closed',
    'connection-opened',
  ])
  pool.release(await next, 'reuse')
  await pool.close()
})

test('a rollback that fails closes the connection', async () => {
  const { pool, server, events } = createPool({ max: 1 })
  const error = new Error('no rollback today')
  server.reply('ROLLBACK', error)
  const lease = await pool.acquire(request)
  await lease.client.query('BEGIN')
  pool.release(lease, 'reuse')
  const next = await pool.acquire(request)
  expect(next.id).toBe(2)
  expect(events).toContainEqual({ kind: 'reset-failed', purpose: 'test', error })
  pool.release(next, 'reuse')
  await pool.close()
})

test('a connection that is lost while its last query runs is reported and closed', async () => {
  const { pool, server, events, clock } = createPool({ max: 1 })
  server.reply('slow', [], { delayMs: 50 })
  const lease = await pool.acquire(request)
  lease.client.query('SELECT slow').catch(() => undefined)
  pool.release(lease, 'reuse')
  server.kill(1)
  await settle()
  expect(events.map(({ kind }) => kind)).toContain('reset-failed')
  expect(pool.stats().total).toBe(0)
  await clock.advance(50)
  await pool.close()
})

test('a failed transaction is rolled back and reported as failed', async () => {
  const { pool, server, events } = createPool({ max: 1 })
  server.reply('wrong', new Error('syntax error'))
  const lease = await pool.acquire({ ...request, stack: 'Error: at borrower' })
  await lease.client.query('BEGIN')
  await lease.client.query('SELECT wrong').catch(() => undefined)
  await expect(lease.client.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' })
  pool.release(lease, 'reuse')
  await settle()
  expect(events).toContainEqual({
    kind: 'open-transaction-rolled-back',
    purpose: 'test',
    status: 'failed',
    stack: 'Error: at borrower',
  })
  await pool.close()
})

describe('a read-only lease', () => {
  test('sets the session at acquire and resets it at give-back', async () => {
    const { pool, server } = createPool({ max: 1 })
    const lease = await pool.acquire({ ...request, readOnly: true })
    await lease.client.query('SELECT 1')
    pool.release(lease, 'reuse')
    pool.release(await pool.acquire(request), 'reuse')
    expect(server.statements.map(({ text }) => text)).toEqual([
      'SET default_transaction_read_only = on',
      'SELECT 1',
      'RESET default_transaction_read_only',
    ])
    await pool.close()
  })

  test('is refused when the session cannot be set, and the connection is closed', async () => {
    const { pool, server } = createPool({ max: 1 })
    server.reply('read_only = on', new Error('no'), { times: 1 })
    await expect(pool.acquire({ ...request, readOnly: true })).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
    })
    const next = await pool.acquire({ ...request, readOnly: true })
    expect(next.id).toBe(2)
    pool.release(next, 'reuse')
    await pool.close()
  })

  test('costs no connection when its caller goes meanwhile or the pool closes', async () => {
    const { pool, server, clock } = createPool({ max: 1 })
    server.reply('read_only = on', [], { delayMs: 20 })
    const gone = expect(pool.acquire({ ...request, readOnly: true, timeoutMs: 10 })).rejects.toMatchObject({
      code: 'ACQUIRE_TIMEOUT',
    })
    await clock.advance(10)
    await gone
    await clock.advance(10)
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 })
    const closing = expect(pool.acquire({ ...request, readOnly: true })).rejects.toMatchObject({
      code: 'POOL_CLOSED',
    })
    const closed = pool.close()
    await clock.advance(20)
    await closing
    await closed
    expect(server.openCount).toBe(0)
  })
})

test('a second resize while the first one closes connections does not close more than are too much', async () => {
  const { pool, events } = createPool({ max: 3 })
  const leases = await Promise.all([1, 2, 3].map(() => pool.acquire(request)))
  for (const lease of leases) pool.release(lease, 'reuse')
  pool.resize({ max: 2 })
  pool.resize({ max: 2 })
  expect(pool.stats()).toMatchObject({ idle: 2, closing: 1, total: 3 })
  await settle()
  expect(pool.stats()).toMatchObject({ idle: 2, closing: 0, total: 2 })
  expect(reasons(events)).toEqual(['surplus'])
  await pool.close()
})

test('connections that are being opened when the pool drains or closes are closed on arrival', async () => {
  const { pool, server, clock, events } = createPool({ max: 1 })
  server.connectDelayMs = 10
  const waiting = pool.acquire(request)
  const drained = pool.drain('moved')
  await clock.advance(10)
  await drained
  expect(reasons(events)).toEqual(['drained'])
  await clock.advance(10)
  const lease = await waiting
  expect(lease.id).toBe(2)
  pool.release(lease, 'discard')
  const late = expect(pool.acquire(request)).rejects.toMatchObject({ code: 'POOL_CLOSED' })
  await settle()
  const closed = pool.close()
  await clock.advance(10)
  await late
  await closed
  expect(server.openCount).toBe(0)
  expect(clock.timerCount).toBe(0)
})

test('a mock pool says who forgot to give back', async () => {
  const { pool } = createPool()
  const lease = await pool.acquire(request)
  expect(() => {
    pool.assertNoLeases()
  }).toThrow('expected no lease and no waiter, found 1 leased and 0 waiting')
  pool.release(lease, 'reuse')
  pool.assertNoLeases()
  await pool.close()
})
