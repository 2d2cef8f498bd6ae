import type { Connection } from '../../../src/core/connection'
import { ServicePgPools, type PgPoolOrigin } from '../../../src/service/service-pg-pool'

function createOrigin(change: Partial<PgPoolOrigin> = {}) {
  const calls: string[] = []
  const client = { query: () => Promise.resolve({ rows: [] }) } as unknown as Connection
  const databases = { main: { total: 3, idle: 2, max: 7 } }
  const origin: PgPoolOrigin = {
    acquireConnection: (purpose: string) => {
      calls.push(`acquire ${purpose}`)
      return Promise.resolve(client)
    },
    releaseConnection: (_: Connection, error?: unknown) => {
      calls.push(error instanceof Error ? `discard ${error.message}` : 'release')
    },
    stats: () => ({ databases }) as unknown as ReturnType<PgPoolOrigin['stats']>,
    ...change,
  }
  return { origin, calls, client }
}

test('there is one pool for each purpose', () => {
  const pools = new ServicePgPools(createOrigin().origin)
  expect(pools.get('web')).toBe(pools.get('web'))
  expect(pools.get('web')).not.toBe(pools.get('jobs'))
  expect(pools.get()).toBe(pools.get('general'))
})

test('a client is an acquire of the service for the purpose, and goes back there', async () => {
  const { origin, calls } = createOrigin()
  const pool = new ServicePgPools(origin).get('web')
  const client = await pool.connect()
  client.release()
  const broken = await pool.connect()
  broken.release(new Error('broken'))
  expect(calls).toEqual(['acquire web', 'release', 'acquire web', 'discard broken'])
})

test('a connection that is there without waiting is taken without waiting', async () => {
  const { origin, calls, client } = createOrigin({
    tryAcquire: (purpose) => {
      calls.push(`try ${purpose}`)
      return client
    },
  })
  const pool = new ServicePgPools(origin).get('web')
  const taken = await pool.connect()
  taken.release()
  expect(calls).toEqual(['try web', 'release'])
})

test('its counts are those of the first database, or none', () => {
  const pool = new ServicePgPools(createOrigin().origin).get('web')
  expect([pool.totalCount, pool.idleCount, pool.options.max]).toEqual([3, 2, 7])
  const stats = () => ({ databases: {} }) as unknown as ReturnType<PgPoolOrigin['stats']>
  const empty = new ServicePgPools(createOrigin({ stats }).origin).get('web')
  expect([empty.totalCount, empty.idleCount]).toEqual([0, 0])
})

test('ending a pool leaves the service as it is', async () => {
  const { origin, calls } = createOrigin()
  const pools = new ServicePgPools(origin)
  await pools.get('web').end()
  await expect(pools.get('web').connect()).rejects.toThrow()
  const client = await pools.get('jobs').connect()
  client.release()
  expect(calls).toEqual(['acquire jobs', 'release'])
})
