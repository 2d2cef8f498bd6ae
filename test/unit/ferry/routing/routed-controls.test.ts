import type { LegacyBackend } from '../../../../src/ferry/backend/legacy-backend'
import { createFerry } from '../../../../src/ferry/create-ferry'
import { staticFlags } from '../../../../src/ferry/flags/static-flags'
import { createConnectionService } from '../../../../src/service/create-connection-service'
import type { ConnectionEvent } from '../../../../src/core/events'

const legacy: LegacyBackend = { kind: 'none', acquire: () => Promise.reject(new Error('not this side')) }

function createStage(max = 2, budget?: number) {
  const events: ConnectionEvent[] = []
  const service = createConnectionService(
    { databases: { strategy: 'mock', pool: { max } }, purposes: { rag: {} } },
    { onEvent: (event) => events.push(event) },
  )
  const ferry = createFerry({
    service,
    legacy,
    flags: staticFlags({ app: 1 }),
    components: [{ name: 'app', stage: 'live', purpose: 'rag', pools: { parity: 'waiting' } }],
    ...(budget === undefined ? {} : { budget: { maxConnections: budget } }),
  })
  return { service, events, ferry, component: ferry.component('app') }
}

test('routed connections offer the run-time controls of the service that they share', async () => {
  const { service, events, ferry, component } = createStage()
  const { connections } = component
  connections.resize({ max: 7 })
  expect(service.stats().databases['default']?.max).toBe(7)
  await connections.drain('test')
  expect(events).toMatchObject([{ kind: 'pool-drained', reason: 'test' }])
  connections.suspend()
  const waiting = connections.withConnection('rag', () => 'served')
  await new Promise(setImmediate)
  expect(service.stats().purposes['rag']).toMatchObject({ waiting: 1, leased: 0 })
  connections.resume()
  expect(await waiting).toBe('served')
  await ferry.close()
  await service.close()
})

test('a target passes through the ferry, and a wrong one is refused as by the service', async () => {
  const { service, ferry, component } = createStage()
  await component.connections.withConnection('rag', () => undefined, { target: 'any' })
  await expect(component.connections.connection('rag', { target: 'near' as 'any' })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    option: 'target',
  })
  await ferry.close()
  await service.close()
})

test('a nested acquire through the ferry is seen as one, whichever of its APIs it goes through', async () => {
  const { service, events, ferry, component } = createStage(1)
  const error = await component.infra
    .getDbConnection(() => component.connections.withConnection('general', () => undefined))
    .catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'NESTED_ACQUIRE' })
  expect(events).toContainEqual({ kind: 'nested-acquire', purpose: 'general', heldPurpose: 'rag' })
  const legacyError = await component.pools
    .withConnection(() => component.pools.getconn())
    .catch((reason: unknown) => reason)
  expect(legacyError).toMatchObject({
    message: 'connection pool exhausted',
    cause: { code: 'NESTED_ACQUIRE' },
  })
  expect(ferry.status().components[0]).toMatchObject({
    leases: { service: 0 },
    acquires: { service: { attempts: 4, failures: 2 } },
  })
  await ferry.close()
  await service.close()
})

test.each([undefined, 4])(
  'every way to acquire is counted once, waits included (budget %p)',
  async (budget) => {
    const { service, ferry, component } = createStage(2, budget)
    const { connections, infra, pools, delegatePool, pgPool } = component
    const ways = [
      async () => {
        await using _conn = await connections.connection()
      },
      () => connections.withConnection('rag', (conn) => conn.query('SELECT 1')),
      async () => infra.releaseDbConnection(await infra.getDbConnection()),
      async () => {
        pools.putconn(await pools.getconn())
      },
      async () => delegatePool.putconn(await delegatePool.getconn()),
      async () => {
        const client = await pgPool.connect()
        client.release()
      },
    ]
    for (let round = 0; round < 5; round++) await Promise.all([...ways, ...ways].map((way) => way()))
    expect(ferry.status().components[0]).toMatchObject({
      leases: { legacy: 0, service: 0 },
      units: { service: 60 },
      acquires: { service: { attempts: 60, failures: 0 }, legacy: { attempts: 0 } },
    })
    expect(service.stats().purposes['rag']).toEqual({ leased: 0, waiting: 0, acquired: 60, failed: 0 })
    await ferry.close()
    await service.close()
  },
)

test('an acquire that the service refuses at the call is a failure of the ferry, and a rejection', async () => {
  const { service, ferry, component } = createStage()
  await service.close()
  await expect(component.connections.connection()).rejects.toMatchObject({ code: 'POOL_CLOSED' })
  await expect(component.pgPool.connect()).rejects.toMatchObject({ code: 'POOL_CLOSED' })
  expect(ferry.status().components[0]?.acquires.service).toMatchObject({ attempts: 2, failures: 2 })
  await ferry.close()
})
