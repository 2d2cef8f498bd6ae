import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ConnectionEvent } from '../../../src/core/events'
import { tracedPools } from '../../../src/core/tracing'
import { MockPoolStrategy } from '../../../src/pool/mock-pool'
import { createConnectionService } from '../../../src/service/create-connection-service'
import { FakeClock } from '../../support/fake-clock'

function createService(pool: object) {
  const clock = new FakeClock()
  const events: ConnectionEvent[] = []
  const service = createConnectionService(
    { databases: { strategy: 'mock', pool: { max: 4, ...pool } } },
    { clock, onEvent: (event) => events.push(event) },
  )
  return { clock, events, service }
}

test('a lease that was reported as overdue is reported once more when it comes back after all', async () => {
  const { clock, events, service } = createService({ leakThresholdMs: 1_000 })
  const first = await service.acquireConnection()
  await clock.advance(400)
  const second = await service.acquireConnection()
  const third = await service.acquireConnection()
  await clock.advance(500)
  third.release()
  await clock.advance(1_100)
  first.release()
  second.release()
  expect(events.filter(({ kind }) => kind.includes('overdue'))).toMatchObject([
    { kind: 'lease-overdue', heldMs: 1_000 },
    { kind: 'lease-overdue', heldMs: 1_000 },
    {
      kind: 'overdue-lease-returned',
      purpose: 'general',
      heldMs: 2_000,
      stack: expect.stringContaining('acquired here'),
    },
    { kind: 'overdue-lease-returned', heldMs: 1_600 },
  ])
  await service.close()
  expect(clock.timerCount).toBe(0)
})

test('however many leases there are, one timer looks after them', async () => {
  const { clock, service } = createService({ leakThresholdMs: 60_000, idleTimeoutMs: 0, maxLifetimeMs: 0 })
  const leases = [await service.connection(), await service.connection(), await service.connection()]
  // Who had to wait for a connection to be opened was looked after meanwhile.
  await clock.advance(250)
  expect(clock.timerCount).toBe(1)
  for (const lease of leases) lease.release()
  await service.close()
  expect(clock.timerCount).toBe(0)
})

test('leases taken out of the middle leave the order of the others as it was', async () => {
  const { clock, service } = createService({})
  const leases = []
  for (let index = 0; index < 3; index++) {
    leases.push(await service.acquireConnection())
    await clock.advance(10)
  }
  leases[1]?.release()
  expect(service.stats().longestHolders.map(({ heldMs }) => heldMs)).toEqual([30, 10])
  leases[2]?.release()
  leases[0]?.release()
  expect(service.stats().longestHolders).toEqual([])
  await service.close()
})

test('acquire, release and query are told to whoever listens, with the wait, the time held and the purpose', async () => {
  const { clock, service } = createService({ max: 1 })
  const seen: object[] = []
  const hear = (name: string) => (message: unknown) => {
    const { purpose, waitMs, heldMs, outcome, text, pool } = message as Record<string, unknown>
    seen.push({ name, pool, purpose, waitMs, heldMs, outcome, text })
  }
  const channels = {
    acquire: 'tracing:pgferry:acquire:asyncEnd',
    query: 'tracing:pgferry:query:asyncEnd',
    release: 'tracing:pgferry:release:end',
  }
  const listeners = Object.entries(channels).map(([name, channel]) => ({ channel, listener: hear(name) }))
  for (const { channel, listener } of listeners) subscribe(channel, listener)
  try {
    const first = await service.acquireConnection()
    const second = service.withConnection('general', (conn) => conn.query('SELECT 1'))
    await clock.advance(20)
    service.releaseConnection(first)
    await second
  } finally {
    for (const { channel, listener } of listeners) unsubscribe(channel, listener)
  }
  await service.query('SELECT 2')
  const general = { pool: 'default', purpose: 'general' }
  expect(seen).toMatchObject([
    { name: 'acquire', ...general, waitMs: 0 },
    { name: 'release', ...general, heldMs: 20, outcome: 'reuse' },
    { name: 'acquire', ...general, waitMs: 20 },
    { name: 'query', ...general, text: 'SELECT ?' },
    { name: 'release', ...general, heldMs: 0 },
  ])
  await service.close()
})

test('an observer can tell the pools of one service from those of another', async () => {
  const strategy = new MockPoolStrategy()
  const service = createConnectionService({ databases: { main: { strategy } } })
  const traced = (service as unknown as Record<symbol, () => ReadonlyMap<string, object>>)[tracedPools]
  expect([...(traced?.call(service) ?? [])]).toEqual([['main', strategy]])
  await service.close()
})
