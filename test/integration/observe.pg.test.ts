import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { Registry } from 'prom-client'
import { createConnectionService } from '../../src/index'
import type { DatabaseConnectionService } from '../../src/service/connection-service'
import { observePool, observeService } from '../../src/opentelemetry'
import { Pool } from '../../src/pg'
import { prometheusMetrics, renderPrometheus } from '../../src/prometheus'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'
import { parseExposition } from '../unit/observe/parse-exposition'

let shop: TestDatabase
let archive: TestDatabase
beforeAll(async () => {
  ;[shop, archive] = await Promise.all([testDatabase(), testDatabase()])
})
afterAll(async () => {
  await Promise.all([shop.close(), archive.close()])
})

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
const meterProvider = new MeterProvider({ readers: [reader] })
afterAll(() => meterProvider.shutdown())

interface Point {
  readonly attributes: Readonly<Record<string, unknown>>
  readonly value: unknown
}

async function collect(name: string): Promise<readonly Point[]> {
  exporter.reset()
  await meterProvider.forceFlush()
  const metrics = exporter
    .getMetrics()
    .flatMap((resource) => resource.scopeMetrics.flatMap((scope) => scope.metrics))
  return metrics.find(({ descriptor }) => descriptor.name === `db.client.${name}`)?.dataPoints ?? []
}

/** By the attributes' values; of a histogram, how many it has. */
async function values(name: string): Promise<Record<string, number>> {
  return Object.fromEntries(
    (await collect(name)).map(({ attributes, value }) => [
      Object.values(attributes).join(' '),
      typeof value === 'number' ? value : (value as { count: number }).count,
    ]),
  )
}

function createService(max = 3): DatabaseConnectionService {
  return createConnectionService({
    databases: {
      shop: { connection: shop.url, pool: { max } },
      archive: { connection: archive.url, pool: { max: 2 } },
    },
  })
}

test('two pools of each of two services are told apart, with the counts of stats()', async () => {
  await using one = createService()
  await using two = createService()
  const observations = [observeService(one, { meterProvider }), observeService(two, { meterProvider })]
  const held = await Promise.all([
    one.acquireConnection(),
    one.acquireConnection(),
    one.acquireConnection('general', { database: 'archive' }),
    two.acquireConnection(),
  ])
  const waiting = [1, 2].map(() =>
    one.acquireConnection('general', { database: 'archive', timeoutMs: 60_000 }),
  )
  const reachesMax = (): boolean => one.stats().databases['archive']?.waiting === 1
  await waitFor(reachesMax)
  expect(await values('connection.count')).toMatchObject({
    'shop used': 2,
    'archive used': 2,
    'shop-2 used': 1,
    'archive-2 used': 0,
  })
  expect(await values('connection.pending_requests')).toMatchObject({ archive: 1, 'archive-2': 0 })
  expect(await values('connection.max')).toMatchObject({ shop: 3, archive: 2, 'shop-2': 3 })

  held.forEach((connection, index) => {
    ;(index === 3 ? two : one).releaseConnection(connection)
  })
  for (const connection of await Promise.all(waiting)) one.releaseConnection(connection)
  await waitFor(() => one.stats().databases['shop']?.leased === 0)
  const { shop: stats } = one.stats().databases
  expect(await values('connection.count')).toMatchObject({
    'shop idle': stats!.idle,
    'shop used': 0,
    'archive used': 0,
    'shop-2 used': 0,
  })
  expect(await values('connection.wait_time')).toMatchObject({ shop: 2, archive: 3, 'shop-2': 1 })
  expect(await values('connection.use_time')).toMatchObject({ shop: 2, archive: 3, 'shop-2': 1 })
  expect((await values('connection.create_time'))['shop']).toBeGreaterThanOrEqual(2)
  for (const observation of observations) observation.stop()
})

test('an acquire in vain is counted as a timeout of its pool', async () => {
  await using service = createService(1)
  const observation = observeService(service, { meterProvider, name: 'late' })
  {
    await using _held = await service.connection()
    await expect(service.acquireConnection('general', { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'ACQUIRE_TIMEOUT',
    })
  }
  expect(await values('connection.timeouts')).toMatchObject({ 'late/shop': 1, 'late/archive': 0 })
  observation.stop()
})

test('operations say command, database, server and SQLSTATE', async () => {
  await using service = createService()
  const observation = observeService(service, { meterProvider })
  await service.withConnection('general', async (connection) => {
    await connection.query('CREATE TABLE items (id int PRIMARY KEY)')
    await connection.query('INSERT INTO items VALUES ($1)', [1])
    await expect(connection.query('INSERT INTO items VALUES (1)')).rejects.toThrow('duplicate key')
  })
  const points = (await collect('operation.duration')).map(({ attributes }) => attributes)
  const where = {
    'db.system.name': 'postgresql',
    'db.namespace': shop.name,
    'server.address': shop.connection.host,
    'server.port': shop.connection.port,
  }
  expect(points).toContainEqual({ ...where, 'db.operation.name': 'INSERT' })
  expect(points).toContainEqual({
    ...where,
    'db.operation.name': 'INSERT',
    'db.response.status_code': '23505',
    'error.type': '23505',
  })
  observation.stop()
})

test('a register of prom-client, our own text and stats() tell the same', async () => {
  await using service = createService()
  const register = new Registry()
  const metrics = prometheusMetrics(service, { register })
  await using held = await service.connection()
  await held.query('SELECT 1')
  const { shop: stats } = service.stats().databases
  const texts = [await register.metrics(), metrics.render(), renderPrometheus(service)].map(parseExposition)
  for (const families of texts) {
    const connections = families.get('pgferry_connections')!.samples
    for (const state of ['idle', 'leased', 'opening', 'resetting', 'closing'] as const) {
      const sample = connections.find(({ labels }) => labels['pool'] === 'shop' && labels['state'] === state)
      expect([state, sample?.value]).toEqual([state, stats![state]])
    }
  }
  expect(texts[0]!.get('pgferry_query_seconds')!.samples).toContainEqual({
    name: 'pgferry_query_seconds_count',
    labels: { pool: 'shop', operation: 'SELECT', error: '' },
    value: 1,
  })
  metrics.stop()
})

test('nothing secret is in any message: no password, no literal, no value', async () => {
  const user = `reader_${shop.name}`
  await shop.query(`CREATE ROLE ${user} LOGIN`)
  const printed: string[] = []
  const listener = (message: unknown): void => {
    printed.push(inspect(message, { depth: 10, showHidden: true }), JSON.stringify(message))
  }
  const events = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']
  const names = ['acquire', 'release', 'connect', 'query'].flatMap((call) =>
    events.map((event) => `tracing:pgferry:${call}:${event}`),
  )
  for (const name of names) subscribe(name, listener)
  await using service = createConnectionService({
    databases: { connection: { ...shop.connection, password: 'hunter2-login' } },
  })
  await service.withConnection('general', async (connection) => {
    await connection.query(`ALTER ROLE ${user} PASSWORD 'hunter2-literal'`)
    await connection.query('SELECT $1::text', ['hunter2-value'])
    await expect(connection.query("SELECT 'hunter2-failed'::int")).rejects.toThrow('hunter2-failed')
    await expect(connection.query('SELECT $1::int', ['hunter2-failed'])).rejects.toThrow('hunter2-failed')
  })
  for (const name of names) unsubscribe(name, listener)
  expect(printed.length).toBeGreaterThan(20)
  expect(printed.join('\n')).toContain(`ALTER ROLE ${user} PASSWORD ?`)
  expect(printed.filter((text) => text.includes('hunter2'))).toEqual([])
  await shop.query(`DROP ROLE ${user}`)
})

test('a standard subscriber sees connect, acquire, query and release in their order', async () => {
  const seen: string[] = []
  const stops = ['acquire', 'connect', 'query', 'release'].map((call) => {
    const channel = tracingChannel(`pgferry:${call}`)
    const note = (event: string) => () => void seen.push(`${call} ${event}`)
    const handlers = {
      start: note('start'),
      end: () => undefined,
      asyncStart: () => undefined,
      asyncEnd: note('asyncEnd'),
      error: note('error'),
    }
    channel.subscribe(handlers)
    return () => {
      channel.unsubscribe(handlers)
    }
  })
  await using service = createService()
  await service.withConnection('general', (connection) => connection.query('SELECT 1'))
  for (const stop of stops) stop()
  const own = seen.filter((event) => !event.startsWith('query') || seen.indexOf(event) >= 0)
  expect(own).toEqual([
    'acquire start',
    'connect start',
    'connect asyncEnd',
    'acquire asyncEnd',
    'query start',
    'query asyncEnd',
    'release start',
  ])
})

test('a drop-in pool has the counts of its own counters', async () => {
  const pool = new Pool({ ...shop.connection, max: 4 })
  const observation = observePool(pool, { meterProvider, name: 'drop-in' })
  const client = await pool.connect()
  expect(await values('connection.count')).toMatchObject({ 'drop-in idle': 0, 'drop-in used': 1 })
  client.release()
  expect(await values('connection.count')).toMatchObject({ 'drop-in idle': 1, 'drop-in used': 0 })
  expect(await values('connection.max')).toMatchObject({ 'drop-in': 4 })
  observation.stop()
  await pool.end()
})
