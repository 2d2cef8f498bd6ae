import { settle } from '../../../support/fake-clock'
import { PoolStage, protocolOf, request, watch } from './pool-stage'

const readOnly = { ...request, readOnly: true } as const
const setReadOnly = 'SET default_transaction_read_only = on'
const resetReadOnly = 'RESET default_transaction_read_only'

test('a clean connection goes back without a word to the server, and the last one given back is lent first', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  const [first, second] = await Promise.all([stage.pool.acquire(request), stage.pool.acquire(request)])
  stage.pool.release(second, 'reuse')
  stage.pool.release(first, 'reuse')
  const next = await stage.pool.acquire(request)
  expect(next.client).toBe(first.client)
  expect(next).not.toBe(first)
  expect(stage.texts()).toEqual([])
  stage.pool.release(next, 'reuse')
  await stage.pool.close()
})

test('a lease ends once: a second give-back changes nothing and says so', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const lease = await stage.pool.acquire(request)
  stage.pool.release(lease, 'reuse')
  expect(() => {
    stage.pool.release(lease, 'discard')
  }).toThrow("the connection is not out of pool 'main'; it was not given back")
  expect(stage.pool.stats().idle).toBe(1)
  await stage.pool.close()
})

test('a connection is closed after maxUses leases', async () => {
  const stage = new PoolStage({ pool: { max: 1, maxUses: 2 } })
  const ids: number[] = []
  for (let turn = 0; turn < 3; turn++) {
    const lease = await stage.pool.acquire(request)
    ids.push(lease.id)
    stage.pool.release(lease, 'reuse')
  }
  expect(ids).toEqual([1, 1, 2])
  expect(stage.closeReasons).toEqual(['worn'])
  await stage.pool.close()
})

test('a connection that has ended is closed at give-back, and one that its borrower discards', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  const [first, second] = await Promise.all([stage.pool.acquire(request), stage.pool.acquire(request)])
  void (first.client as unknown as { end(): Promise<void> }).end()
  stage.pool.release(first, 'reuse')
  stage.pool.release(second, 'discard')
  await settle()
  expect(stage.closeReasons).toEqual(['failed', 'discarded'])
  expect(stage.pool.stats().total).toBe(0)
  await stage.pool.close()
})

test('a session is made read-only before it is lent, and writable again at give-back', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  await stage.fill(1)
  expect(stage.pool.tryAcquire(readOnly)).toBeUndefined()
  const lease = await stage.pool.acquire(readOnly)
  expect(stage.texts()).toEqual([setReadOnly])
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(stage.texts()).toEqual([setReadOnly, resetReadOnly])
  expect(stage.pool.stats().idle).toBe(1)
  expect(stage.kinds()).not.toContain('session-state-reset')
  await stage.pool.close()
})

test('what comes back is made read-only for a caller who waits for that', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const lease = await stage.pool.acquire(request)
  const wait = watch(stage.pool.acquire(readOnly))
  stage.pool.release(lease, 'reuse')
  expect(stage.pool.stats()).toMatchObject({ resetting: 1, waiting: 0 })
  await settle()
  expect(wait.value?.client).toBe(lease.client)
  stage.pool.release(wait.value!, 'reuse')
  await stage.pool.close()
})

test.each(['signal', 'deadline'] as const)(
  'when a caller goes by its %s while its session is made read-only, the connection goes to the next as it was',
  async (way) => {
    const stage = new PoolStage({ pool: { max: 1 } })
    await stage.fill(1)
    stage.server.reply(setReadOnly, [], { delayMs: 50 })
    const controller = new AbortController()
    const gone = watch(stage.pool.acquire({ ...readOnly, timeoutMs: 30, signal: controller.signal }))
    const next = watch(stage.pool.acquire(request))
    await stage.clock.advance(20)
    if (way === 'signal') controller.abort()
    await stage.clock.advance(10)
    expect(gone.error).toMatchObject({ code: way === 'signal' ? 'ACQUIRE_ABORTED' : 'ACQUIRE_TIMEOUT' })
    await stage.clock.advance(20)
    expect(stage.texts()).toEqual([setReadOnly, resetReadOnly])
    expect(next.value?.id).toBe(1)
    stage.pool.release(next.value!, 'reuse')
    await stage.pool.close()
    expect(stage.clock.timerCount).toBe(0)
  },
)

test('a session that cannot be made read-only is closed, and its caller told', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const cause = new Error('unrecognized configuration parameter')
  stage.server.reply(setReadOnly, cause, { times: 1 })
  await expect(stage.pool.acquire(readOnly)).rejects.toMatchObject({
    code: 'CONNECT_FAILED',
    message: 'could not make the session read-only',
    cause,
  })
  await settle()
  expect(stage.closeReasons).toEqual(['failed'])
  stage.pool.release(await stage.pool.acquire(readOnly), 'reuse')
  await stage.pool.close()
})

test('an open transaction is rolled back before the next borrower, and told with the place of the borrower', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const lease = await stage.pool.acquire({ ...request, stack: 'at borrower.ts:1' })
  await lease.client.query('BEGIN')
  stage.pool.release(lease, 'reuse')
  const next = await stage.pool.acquire(request)
  expect(stage.texts()).toEqual(['BEGIN', 'ROLLBACK'])
  expect(stage.events).toContainEqual({
    kind: 'open-transaction-rolled-back',
    purpose: 'test',
    status: 'open',
    stack: 'at borrower.ts:1',
  })
  stage.pool.release(next, 'reuse')
  await stage.pool.close()
})

test('an open transaction ends its connection where the options say so', async () => {
  const stage = new PoolStage({ pool: { max: 1, openTransactionOnRelease: 'destroy' } })
  const lease = await stage.pool.acquire({ ...request, stack: 'at borrower.ts:1' })
  await lease.client.query('BEGIN')
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(stage.texts()).toEqual(['BEGIN'])
  expect(stage.closeReasons).toEqual(['discarded'])
  // Its borrower has made the same mistake.
  expect(stage.events).toContainEqual({
    kind: 'open-transaction-destroyed',
    purpose: 'test',
    status: 'open',
    stack: 'at borrower.ts:1',
  })
  await stage.pool.close()
})

test('session state that a borrower left behind is reset before the next, in one message', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const lease = await stage.pool.acquire(request)
  protocolOf(lease).emit('commandComplete', { text: 'SET' })
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(stage.texts()).toEqual([expect.stringContaining('RESET ALL')])
  expect(stage.events).toContainEqual(
    expect.objectContaining({ kind: 'session-state-reset', purpose: 'test' }) as object,
  )
  expect(stage.pool.stats().idle).toBe(1)
  const { length } = stage.texts()
  await stage.fill(1)
  expect(stage.texts()).toHaveLength(length)
  await stage.pool.close()
})

test('session state passes on where the options say so', async () => {
  const stage = new PoolStage({ pool: { max: 1, resetSession: 'never' } })
  const lease = await stage.pool.acquire(request)
  protocolOf(lease).emit('commandComplete', { text: 'SET' })
  stage.pool.release(lease, 'reuse')
  expect(stage.pool.stats().idle).toBe(1)
  const reader = await stage.pool.acquire(readOnly)
  stage.pool.release(reader, 'reuse')
  await settle()
  expect(stage.texts()).toEqual([setReadOnly, resetReadOnly])
  await stage.pool.close()
})

test('a session is reset each time where the options say so', async () => {
  const stage = new PoolStage({ pool: { max: 1, resetSession: 'always' } })
  await stage.fill(1)
  await settle()
  expect(stage.texts()).toEqual([expect.stringContaining('RESET ALL')])
  expect(stage.kinds()).not.toContain('session-state-reset')
  await stage.pool.close()
})

test('what nothing but the end of the session takes back ends it', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  const lease = await stage.pool.acquire(request)
  protocolOf(lease).emit('commandComplete', { text: 'LOAD' })
  stage.pool.release(lease, 'reuse')
  await settle()
  expect(stage.closeReasons).toEqual(['discarded'])
  await stage.pool.close()
})

test('a query that still runs at give-back may end, and the next borrower gets the connection then', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  stage.server.reply('slow', [], { delayMs: 100 })
  const lease = await stage.pool.acquire(request)
  void lease.client.query('SELECT slow')
  stage.pool.release(lease, 'reuse')
  const next = watch(stage.pool.acquire(request))
  expect(stage.pool.stats()).toMatchObject({ resetting: 1 })
  await stage.clock.advance(100)
  expect(next.value?.id).toBe(1)
  expect(stage.kinds()).toContain('released-while-busy')
  stage.pool.release(next.value!, 'reuse')
  await stage.pool.close()
})

test('a caller does not wait for long for one that is being cleaned: another is opened', async () => {
  const stage = new PoolStage({ pool: { max: 2 } })
  stage.server.reply('slow', [], { delayMs: 500 })
  const lease = await stage.pool.acquire(request)
  void lease.client.query('SELECT slow')
  stage.pool.release(lease, 'reuse')
  const next = watch(stage.pool.acquire(request))
  await stage.clock.advance(40)
  expect(stage.pool.stats()).toMatchObject({ resetting: 1, total: 1, waiting: 1 })
  await stage.clock.advance(20)
  expect(next.value?.id).toBe(2)
  stage.pool.release(next.value!, 'reuse')
  await stage.clock.advance(500)
  expect(stage.pool.stats().idle).toBe(2)
  await stage.pool.close()
})

test('a query that does not end is cancelled on the server and its connection closed', async () => {
  const stage = new PoolStage({ pool: { max: 1, resetTimeoutMs: 1_000 }, canCancel: true })
  stage.server.reply('hung', [], { delayMs: 60_000 })
  const lease = await stage.pool.acquire(request)
  lease.client.query('SELECT hung').catch(() => undefined)
  stage.pool.release(lease, 'reuse')
  await stage.clock.advance(200)
  expect(stage.cancelled).toEqual([lease.client])
  expect(stage.closeReasons).toEqual(['discarded'])
  expect(stage.kinds()).toEqual([
    'connection-opened',
    'released-while-busy',
    'reset-failed',
    'connection-closed',
  ])
  await stage.pool.close()
})

test('a connection that breaks while it is being cleaned is closed as failed', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  stage.server.reply('ROLLBACK', [], { delayMs: 100 })
  const lease = await stage.pool.acquire(request)
  await lease.client.query('BEGIN')
  stage.pool.release(lease, 'reuse')
  await settle()
  stage.server.kill(1)
  await settle()
  expect(stage.closeReasons).toEqual(['failed'])
  expect(stage.kinds()).toContain('reset-failed')
  await stage.pool.close()
})

test('a rollback that takes too long closes the connection', async () => {
  const stage = new PoolStage({ pool: { max: 1, resetTimeoutMs: 100 } })
  stage.server.reply('ROLLBACK', [], { delayMs: 60_000 })
  const lease = await stage.pool.acquire(request)
  await lease.client.query('BEGIN')
  stage.pool.release(lease, 'reuse')
  await stage.clock.advance(100)
  expect(stage.closeReasons).toEqual(['discarded'])
  expect(stage.events).toContainEqual({
    kind: 'reset-failed',
    purpose: 'test',
    error: new Error('the connection was not clean within 100 ms'),
  })
  await stage.pool.close()
})

test('what a borrower leaves unfinished is cleaned even when the connection is not kept', async () => {
  const stage = new PoolStage({ pool: { max: 1 } })
  stage.server.reply('COMMIT', [], { delayMs: 50 })
  const lease = await stage.pool.acquire(request)
  await lease.client.query('BEGIN')
  const committed = watch(lease.client.query('COMMIT'))
  const closed = stage.pool.close()
  stage.pool.release(lease, 'reuse')
  await stage.clock.advance(50)
  await closed
  expect(committed.value).toMatchObject({ command: 'COMMIT' })
  expect(stage.closeReasons).toEqual(['closed'])
})
