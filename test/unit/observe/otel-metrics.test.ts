import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import { InvalidOptionError } from '../../../src/core/errors'
import { acquireTrace, connectTrace, queryTrace, releaseTrace } from '../../../src/core/tracing'
import { observePool, observeService, type Observation } from '../../../src/observe/otel-metrics'
import { FakeService } from './support'

let exporter: InMemoryMetricExporter
let meterProvider: MeterProvider
let observations: Observation[]

beforeEach(() => {
  exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  meterProvider = new MeterProvider({ readers: [reader] })
  observations = []
})
afterEach(async () => {
  for (const observation of observations) observation.stop()
  await meterProvider.shutdown()
})

function observe(...args: Parameters<typeof observeService>): Observation {
  const [source, options] = args
  const observation = observeService(source, { meterProvider, ...options })
  observations.push(observation)
  return observation
}

async function collect(): Promise<ReadonlyMap<string, MetricData>> {
  exporter.reset()
  await meterProvider.forceFlush()
  const scopes = exporter.getMetrics().flatMap((resource) => resource.scopeMetrics)
  return new Map(scopes.flatMap((scope) => scope.metrics).map((metric) => [metric.descriptor.name, metric]))
}

/** Values by attributes, such as `{ 'main idle': 2 }`. */
async function values(name: string): Promise<Record<string, unknown>> {
  const points = (await collect()).get(`db.client.${name}`)?.dataPoints ?? []
  return Object.fromEntries(
    points.map(({ attributes, value }) => [
      Object.values(attributes).join(' '),
      typeof value === 'object' && 'sum' in value ? { count: value.count, sum: value.sum } : value,
    ]),
  )
}

describe('connection counts', () => {
  test('are those of stats() at the time of collection, each pool under its name', async () => {
    const service = new FakeService({
      main: { idle: 2, leased: 3, waiting: 4, min: 1 },
      replica: { idle: 1, max: 5 },
    })
    observe(service)
    expect(await values('connection.count')).toEqual({
      'main idle': 2,
      'main used': 3,
      'replica idle': 1,
      'replica used': 0,
    })
    service.databases['main'] = { ...service.databases['main']!, idle: 0, leased: 5 }
    expect(await values('connection.count')).toMatchObject({ 'main idle': 0, 'main used': 5 })
    expect(await values('connection.max')).toEqual({ main: 10, replica: 5 })
    expect(await values('connection.idle.max')).toEqual({ main: 10, replica: 5 })
    expect(await values('connection.idle.min')).toEqual({ main: 1, replica: 0 })
    expect(await values('connection.pending_requests')).toEqual({ main: 4, replica: 0 })
  })

  test('of several services do not mix, even where two pools have one name', async () => {
    observe(new FakeService({ default: { idle: 1 } }))
    observe(new FakeService({ default: { idle: 2 } }))
    observe(new FakeService({ default: { idle: 3 } }), { name: 'orders' })
    observe(new FakeService({ a: { idle: 4 }, b: { idle: 5 } }), { name: 'shop' })
    expect(await values('connection.count')).toMatchObject({
      'default idle': 1,
      'default-2 idle': 2,
      'orders idle': 3,
      'shop/a idle': 4,
      'shop/b idle': 5,
    })
  })

  test('are nothing when the observation has ended, and a second stop does nothing', async () => {
    const gone = observe(new FakeService({ gone: { idle: 1, waiting: 2 } }))
    observe(new FakeService({ kept: { idle: 2 } }))
    expect(await values('connection.count')).toMatchObject({ 'gone idle': 1 })
    gone.stop()
    gone.stop()
    for (const name of ['max', 'idle.max', 'pending_requests'])
      expect(await values(`connection.${name}`)).toMatchObject({ gone: 0 })
    const counts = await values('connection.count')
    expect(counts).toEqual({ 'gone idle': 0, 'gone used': 0, 'kept idle': 2, 'kept used': 0 })
  })

  test('are those of the next service, where it takes over the name', async () => {
    const first = observe(new FakeService({ main: { idle: 1 } }))
    expect(await values('connection.count')).toEqual({ 'main idle': 1, 'main used': 0 })
    first.stop()
    observe(new FakeService({ main: { idle: 5 } }))
    expect(await values('connection.count')).toEqual({ 'main idle': 5, 'main used': 0 })
    expect(await values('connection.count')).toEqual({ 'main idle': 5, 'main used': 0 })
  })

  test('leave out a limit that is none', async () => {
    observe(new FakeService({ main: { max: Infinity } }))
    expect(await values('connection.max')).toEqual({})
    expect(await values('connection.count')).toMatchObject({ 'main idle': 0 })
  })

  test('have the units and kinds of the conventions', async () => {
    const service = new FakeService({ main: {} })
    observe(service)
    await service.acquire('main', 1)
    await service.connect('main', 1)
    service.release('main', 1)
    await service.query('main', 'SELECT 1', { durationMs: 1 })
    const kinds = [...(await collect()).values()].map(({ descriptor, dataPointType, ...rest }) => [
      descriptor.name.replace('db.client.', ''),
      descriptor.unit,
      dataPointType,
      'isMonotonic' in rest ? rest.isMonotonic : undefined,
    ])
    expect(kinds).toEqual([
      ['connection.wait_time', 's', 0, undefined],
      ['connection.create_time', 's', 0, undefined],
      ['connection.use_time', 's', 0, undefined],
      ['operation.duration', 's', 0, undefined],
      ['connection.count', '{connection}', 3, false],
      ['connection.idle.max', '{connection}', 3, false],
      ['connection.idle.min', '{connection}', 3, false],
      ['connection.max', '{connection}', 3, false],
      ['connection.pending_requests', '{request}', 3, false],
      ['connection.timeouts', '{timeout}', 3, true],
    ])
  })
})

describe('timeouts', () => {
  test('are counted by pool where the pool does not count them itself', async () => {
    const service = new FakeService({ main: {}, replica: {} })
    observe(service)
    await service.failToAcquire('main')
    await service.failToAcquire('main')
    await service.failToAcquire('replica', new Error('refused'))
    expect(await values('connection.timeouts')).toEqual({ main: 2, replica: 0 })
  })

  test('are the number of stats() where the pool counts them', async () => {
    const service = new FakeService({ main: { timeouts: 7 } })
    observe(service)
    await service.failToAcquire('main')
    expect(await values('connection.timeouts')).toEqual({ main: 7 })
  })
})

describe('durations', () => {
  test('are in seconds, by pool, and belong to the service that is observed', async () => {
    const service = new FakeService({ main: {}, replica: {} })
    const other = new FakeService({ main: {} })
    observe(service)
    await service.acquire('main', 40)
    await service.acquire('main', 60)
    await service.acquire('replica', 5)
    await service.failToAcquire('main')
    await other.acquire('main', 1_000)
    await service.connect('main', 20)
    await service.connect('main', 20, new Error('refused'))
    service.release('main', 2_500)
    await other.connect('main', 1)
    other.release('main', 1)
    expect(await values('connection.wait_time')).toEqual({
      main: { count: 2, sum: 0.1 },
      replica: { count: 1, sum: 0.005 },
    })
    expect(await values('connection.create_time')).toEqual({ main: { count: 1, sum: 0.02 } })
    expect(await values('connection.use_time')).toEqual({ main: { count: 1, sum: 2.5 } })
  })

  test('have the buckets of the conventions', async () => {
    const service = new FakeService({ main: {} })
    observe(service)
    await service.query('main', 'SELECT 1', { durationMs: 3 })
    const [point] = (await collect()).get('db.client.operation.duration')!.dataPoints
    expect(point?.value).toMatchObject({
      buckets: {
        boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
        counts: [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
      },
    })
  })

  test('of operations say what was done, where, and how it failed', async () => {
    const service = new FakeService({ main: {} })
    const other = new FakeService({ main: {} })
    observe(service)
    await service.query('main', 'SELECT 1', { durationMs: 3 })
    await service.query('main', 'INSERT INTO t VALUES (1)', {
      durationMs: 3,
      error: Object.assign(new Error('dup'), { code: '23505' }),
    })
    await service.query('main', 'bogus', {
      durationMs: 3,
      error: Object.assign(new Error('gone'), { code: 'ECONNRESET' }),
    })
    await service.query('main', 'COMMIT', { durationMs: 3, error: new TypeError('what') })
    await other.query('main', 'SELECT 1', { durationMs: 3 })
    const points = (await collect()).get('db.client.operation.duration')!.dataPoints
    const where = {
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'server.address': 'db.example',
      'server.port': 5433,
    }
    expect(points.map(({ attributes }) => attributes)).toEqual([
      { ...where, 'db.operation.name': 'SELECT' },
      {
        ...where,
        'db.operation.name': 'INSERT',
        'db.response.status_code': '23505',
        'error.type': '23505',
      },
      { ...where, 'error.type': 'ECONNRESET' },
      { ...where, 'db.operation.name': 'COMMIT', 'error.type': 'TypeError' },
    ])
  })

  test('of operations can be left to an instrumentation of pg; queries then cost nothing', async () => {
    const service = new FakeService({ main: {} })
    observe(service, { operations: false })
    expect(queryTrace.isActive).toBe(false)
    await service.query('main', 'SELECT 1', { durationMs: 3 })
    expect((await collect()).has('db.client.operation.duration')).toBe(false)
  })

  test('cost nothing any more when the observation has ended', () => {
    const traces = [acquireTrace, releaseTrace, connectTrace, queryTrace]
    const observation = observe(new FakeService({ main: {} }))
    expect(traces.map((trace) => trace.isActive)).toEqual([true, true, true, true])
    observation.stop()
    expect(traces.map((trace) => trace.isActive)).toEqual([false, false, false, false])
  })
})

describe('the meter', () => {
  test('may be given', async () => {
    observations.push(
      observeService(new FakeService({ main: { idle: 3 } }), { meter: meterProvider.getMeter('mine') }),
    )
    expect(await values('connection.count')).toMatchObject({ 'main idle': 3 })
    expect(exporter.getMetrics()[0]?.scopeMetrics.map(({ scope }) => scope.name)).toEqual(['mine'])
  })

  test('is of the global provider when nothing is given', async () => {
    metrics.setGlobalMeterProvider(meterProvider)
    observations.push(observeService(new FakeService({ main: { idle: 3 } })))
    expect(await values('connection.count')).toMatchObject({ 'main idle': 3 })
    metrics.disable()
  })

  test('is no unknown option', () => {
    const options = { metre: {} } as object
    expect(() => observeService(new FakeService({ main: {} }), options)).toThrow(InvalidOptionError)
    expect(() => observeService(new FakeService({ main: {} }), { name: '' })).toThrow(InvalidOptionError)
  })
})

describe('a pool that is no service', () => {
  test('is named by its server and database, and has the counts of pg.Pool', async () => {
    const pool = {
      totalCount: 5,
      idleCount: 2,
      waitingCount: 3,
      options: { max: 20, min: 1, host: 'db.example', port: 5433, database: 'shop' },
    }
    observations.push(observePool(pool, { meterProvider }))
    const name = 'db.example:5433/shop'
    expect(await values('connection.count')).toEqual({ [`${name} idle`]: 2, [`${name} used`]: 3 })
    expect(await values('connection.max')).toEqual({ [name]: 20 })
    expect(await values('connection.idle.min')).toEqual({ [name]: 1 })
    expect(await values('connection.pending_requests')).toEqual({ [name]: 3 })
  })

  test('is named pool when it does not tell its database, and may be given a name', async () => {
    const pool = { totalCount: 1, idleCount: 1, waitingCount: 0, options: {} }
    observations.push(observePool(pool, { meterProvider }))
    observations.push(observePool({ ...pool }, { meterProvider, name: 'mine' }))
    expect(await values('connection.max')).toEqual({ pool: 10, mine: 10 })
  })

  test('is recognised as the owner of its messages, itself or by its strategy', async () => {
    const counts = { totalCount: 1, idleCount: 1, waitingCount: 0, options: { database: 'shop' } }
    const service = new FakeService({ inner: {} })
    const pool = Object.assign(counts, { [Symbol.for('pgferry.tracedPools')]: () => service.pools })
    observations.push(observePool(pool, { meterProvider }))
    await service.acquire('inner', 50)
    expect(await values('connection.wait_time')).toEqual({
      'localhost:5432/shop': { count: 1, sum: 0.05 },
    })
  })
})

test('a source without pools of its own is the owner of its messages itself', async () => {
  const service = new FakeService({ main: {} })
  const source = { stats: () => service.stats() }
  observe(source)
  await acquireTrace.promise(
    { pool: 'main', purpose: 'general', owner: source },
    () => service.clock.advance(20),
    service.clock,
  )
  expect(await values('connection.wait_time')).toEqual({ main: { count: 1, sum: 0.02 } })
})
