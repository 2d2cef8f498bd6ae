import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Counter, Gauge, Registry, AggregatorRegistry } from 'prom-client'
import { InvalidOptionError } from '../../../src/core/errors'
import { acquireTrace, queryTrace } from '../../../src/core/tracing'
import {
  prometheusMetrics,
  renderPrometheus,
  type PrometheusMetrics,
} from '../../../src/observe/prometheus-metrics'
import { metricFamilies } from '../../../src/observe/prometheus-families'
import { parseExposition, type ParsedFamily } from './parse-exposition'
import { FakeService } from './support'

const started: PrometheusMetrics[] = []
afterEach(() => {
  for (const metrics of started.splice(0)) metrics.stop()
})

function measure(...args: Parameters<typeof prometheusMetrics>): PrometheusMetrics {
  const metrics = prometheusMetrics(...args)
  started.push(metrics)
  return metrics
}

/** Values by labels, such as `{ 'main idle': 2 }`. */
function valuesOf(families: ReadonlyMap<string, ParsedFamily>, name: string): Record<string, number> {
  const samples = families.get(`pgferry_${name}`)?.samples ?? []
  return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]))
}

async function busyService(): Promise<{ service: FakeService; metrics: PrometheusMetrics }> {
  const service = new FakeService({ main: { idle: 1 }, replica: { idle: 2 } })
  const metrics = measure(service)
  await service.acquire('main', 4)
  await service.acquire('main', 40)
  await service.acquire('main', 20_000)
  await service.failToAcquire('main')
  await service.connect('main', 30)
  service.release('replica', 2)
  await service.query('main', 'SELECT 1', { durationMs: 3 })
  await service.query('main', 'bogus', {
    durationMs: 3,
    error: Object.assign(new Error('x'), { code: '42601' }),
  })
  return { service, metrics }
}

describe('the text of stats() alone', () => {
  test('has each state of each pool, and the limits', () => {
    const service = new FakeService({
      main: { idle: 1, leased: 2, opening: 3, resetting: 4, closing: 5, waiting: 6, max: 20, min: 2 },
      replica: { timeouts: 7, opened: 8, closed: 9 },
    })
    const families = parseExposition(renderPrometheus(service))
    expect(valuesOf(families, 'connections')).toMatchObject({
      'main idle': 1,
      'main leased': 2,
      'main opening': 3,
      'main resetting': 4,
      'main closing': 5,
      'replica idle': 0,
    })
    expect(valuesOf(families, 'connections_max')).toEqual({ main: 20, replica: 10 })
    expect(valuesOf(families, 'connections_min')).toEqual({ main: 2 })
    expect(valuesOf(families, 'pending_requests')).toEqual({ main: 6, replica: 0 })
    expect(valuesOf(families, 'acquire_timeouts_total')).toEqual({ replica: 7 })
    expect(valuesOf(families, 'connections_opened_total')).toEqual({ replica: 8 })
    expect(valuesOf(families, 'connections_closed_total')).toEqual({ replica: 9 })
  })

  test('is word for word what a scraper expects', () => {
    const service = new FakeService({ main: { max: Infinity } })
    expect(renderPrometheus(service, { name: 'a"\\\nb' })).toContain(
      [
        '# HELP pgferry_connections_max The most connections that the pool opens.',
        '# TYPE pgferry_connections_max gauge',
        'pgferry_connections_max{pool="a\\"\\\\\\nb"} +Inf',
        '# HELP pgferry_pending_requests',
      ].join('\n'),
    )
  })

  test('costs the service nothing and needs no end', () => {
    renderPrometheus(new FakeService({ main: {} }))
    expect(acquireTrace.isActive).toBe(false)
  })
})

describe('the measured text', () => {
  test('has durations in seconds, in buckets that add up', async () => {
    const { metrics } = await busyService()
    const families = parseExposition(metrics.render())
    expect(valuesOf(families, 'acquire_wait_seconds')).toEqual({
      'main 0.001': 0,
      'main 0.005': 1,
      'main 0.01': 1,
      'main 0.05': 2,
      'main 0.1': 2,
      'main 0.5': 2,
      'main 1': 2,
      'main 5': 2,
      'main 10': 2,
      'main +Inf': 3,
      // Sum and count have the same labels; the count comes last.
      main: 3,
    })
    const [sum] = families
      .get('pgferry_acquire_wait_seconds')!
      .samples.filter(({ name }) => name.endsWith('_sum'))
    expect(sum?.value).toBeCloseTo(20.044)
    expect(valuesOf(families, 'connect_seconds')).toMatchObject({ 'main +Inf': 1 })
    expect(valuesOf(families, 'lease_seconds')).toMatchObject({ 'replica 0.005': 1 })
    expect(valuesOf(families, 'query_seconds')).toMatchObject({
      'main SELECT  0.005': 1,
      'main OTHER 42601 0.005': 1,
    })
    expect(valuesOf(families, 'acquire_timeouts_total')).toEqual({ main: 1, replica: 0 })
  })

  test('is about this service only', async () => {
    const { metrics } = await busyService()
    const before = metrics.render()
    const other = new FakeService({ main: {} })
    const others = measure(other)
    await other.acquire('main', 5)
    expect(metrics.render()).toBe(before)
    expect(valuesOf(parseExposition(others.render()), 'connections')).toMatchObject({ 'main-2 idle': 0 })
  })

  test('leaves queries out when told to, and does not listen to them', async () => {
    const service = new FakeService({ main: {} })
    const metrics = measure(service, { operations: false })
    expect(queryTrace.isActive).toBe(false)
    await service.query('main', 'SELECT 1', { durationMs: 3 })
    expect(metrics.render()).not.toContain('query_seconds')
  })

  test('costs nothing any more when it was stopped', () => {
    const metrics = measure(new FakeService({ main: {} }))
    expect(acquireTrace.isActive).toBe(true)
    metrics.stop()
    metrics.stop()
    expect(acquireTrace.isActive).toBe(false)
  })
})

describe('a register of prom-client', () => {
  test('shows the same numbers beside its own', async () => {
    const register = new Registry()
    new Gauge({ name: 'mine', help: 'mine', registers: [register] }).set(5)
    const service = new FakeService({ main: { idle: 1, timeouts: 3 } })
    const metrics = measure(service, { register })
    await service.acquire('main', 4)
    const shown = parseExposition(await register.metrics())
    expect(shown.get('mine')?.samples[0]?.value).toBe(5)
    const own = parseExposition(metrics.render())
    for (const [name, family] of own) expect(shown.get(name)).toEqual(family)
  })

  test('shows several services, until each is stopped', async () => {
    const register = new Registry()
    const first = measure(new FakeService({ main: { idle: 1 } }), { register, name: 'first' })
    const second = measure(new FakeService({ main: { idle: 2 } }), { register, name: 'second' })
    const idle = async (): Promise<Record<string, number>> =>
      valuesOf(parseExposition(await register.metrics()), 'connections')
    expect(await idle()).toMatchObject({ 'first idle': 1, 'second idle': 2 })
    first.stop()
    expect(Object.keys(await idle()).filter((key) => key.startsWith('first'))).toEqual([])
    expect(await idle()).toMatchObject({ 'second idle': 2 })
    second.stop()
    expect(register.getMetricsAsArray()).toEqual([])
  })

  test('may have been cleared by its owner when the measuring stops', () => {
    const register = new Registry()
    const metrics = measure(new FakeService({ main: {} }), { register })
    register.clear()
    expect(() => {
      metrics.stop()
    }).not.toThrow()
  })

  test('that has another metric of one of the names is refused, and nothing has begun', () => {
    const register = new Registry()
    const taken = new Counter({ name: 'pgferry_acquire_timeouts_total', help: 'x', registers: [register] })
    expect(() => prometheusMetrics(new FakeService({ main: {} }), { register })).toThrow(InvalidOptionError)
    expect(acquireTrace.isActive).toBe(false)
    expect(register.getMetricsAsArray()).toEqual([taken])
    // The name was given back.
    const metrics = measure(new FakeService({ main: {} }))
    expect(metrics.render()).toContain('{pool="main",')
  })

  test('may be reset: what was measured is forgotten, what the pools count stays', async () => {
    const register = new Registry()
    const service = new FakeService({ main: { idle: 1 } })
    measure(service, { register })
    await service.acquire('main', 4)
    register.resetMetrics()
    const text = await register.metrics()
    expect(text).not.toContain('pgferry_acquire_wait_seconds_bucket')
    expect(text).toContain('pgferry_connections{pool="main",state="idle"} 1')
  })

  test('may speak OpenMetrics', async () => {
    const register = new Registry()
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    const metrics = measure(new FakeService({ main: { timeouts: 3 } }), { register })
    for (let time = 0; time < 2; time++) {
      const text = await register.metrics()
      expect(text).toContain(
        '# TYPE pgferry_acquire_timeouts counter\npgferry_acquire_timeouts_total{pool="main"} 3',
      )
    }
    metrics.stop()
    expect(register.getMetricsAsArray()).toEqual([])
  })

  test('is added up over the processes of a cluster', async () => {
    const registers = [1, 2].map((idle) => {
      const register = new Registry()
      measure(new FakeService({ main: { idle } }), { register, name: `pool-of-${String(idle)}` })
      return register
    })
    const json = await Promise.all(registers.map((register) => register.getMetricsAsJSON()))
    const text = await AggregatorRegistry.aggregate(json).metrics()
    expect(text).toContain('pgferry_connections_max{pool="pool-of-1"} 10')
    expect(text).toContain('pgferry_connections_max{pool="pool-of-2"} 10')
  })
})

test('the page about metrics lists every one, and no other', () => {
  const page = readFileSync(resolve(__dirname, '../../../docs/observability.md'), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `pgferry_'))
  const listed = rows.flatMap((row) => row.split('|')[1]?.match(/pgferry_\w+/g) ?? [])
  expect(listed.sort()).toEqual(metricFamilies.map(({ name }) => name).sort())
})

test('an unknown option is refused', () => {
  const service = new FakeService({ main: {} })
  expect(() => prometheusMetrics(service, { registry: {} } as object)).toThrow(/did you mean 'register'/)
  expect(() => renderPrometheus(service, { nam: 'x' } as object)).toThrow(InvalidOptionError)
})
