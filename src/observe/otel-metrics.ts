import { metrics, type Attributes, type Histogram, type Meter, type MeterProvider } from '@opentelemetry/api'
import type { QueryMessage } from '../core/query-message'
import { checkOptions, isBoolean, isObject, isString } from '../core/options'
import { durationBuckets } from './duration-buckets'
import { ObservedPools } from './observed-pools'
import { processPoolNames } from './pool-names'
import { errorTypeOf } from './query-outcome'
import { toStatsSource, type PgPoolLike, type StatsSource } from './stats-source'
import { watchTraces, type TraceObserver } from './watch-traces'

export interface ObserveOptions {
  /** Takes precedence over `meterProvider`. */
  readonly meter?: Meter
  /** Default: the provider that is registered globally when the observation begins. */
  readonly meterProvider?: MeterProvider
  /** What the pool is called, or what stands before the names of several pools; default their own names. */
  readonly name?: string
  /** `false` leaves out `db.client.operation.duration`, for who has it from an instrumentation of `pg` already. */
  readonly operations?: boolean
}

export interface Observation {
  /** Ends it; the instruments then tell nothing more about these pools. A second call does nothing. */
  stop(): void
}

const meterName = 'pgferry'
const poolName = 'db.client.connection.pool.name'
const connectionState = 'db.client.connection.state'

/**
 * Publishes the service's pools as OpenTelemetry metrics, by the semantic conventions for database client connections, each pool
 * under a name of its own. Instruments are read when a reader collects; durations come from the tracing channels, which cost
 * a little per acquire and per query while the observation lasts.
 *
 * @returns stop it when the service is closed
 * @throws InvalidOptionError
 * @example
 * const observation = observeService(connections, { name: 'orders' })
 */
export function observeService(service: StatsSource, options: ObserveOptions = {}): Observation {
  checkOptions('observe', options, {
    meter: isObject,
    meterProvider: isObject,
    name: isString,
    operations: isBoolean,
  })
  const meter = options.meter ?? (options.meterProvider ?? metrics).getMeter(meterName)
  const pools = new ObservedPools(service, processPoolNames, options.name)
  const recorder = createRecorder(meter, pools, options.operations !== false)
  const stopWatching = watchTraces(recorder.observer)
  const stopReading = publishCounts(meter, pools, recorder.timeouts)
  let isStopped = false
  return {
    stop() {
      if (isStopped) return
      isStopped = true
      stopWatching()
      stopReading()
      pools.giveBackNames()
    },
  }
}

/** {@link observeService} for a `Pool` of `pgferry/pg`; a plain `pg.Pool` has counts only, as it publishes no durations. */
export function observePool(pool: PgPoolLike, options: ObserveOptions = {}): Observation {
  return observeService(toStatsSource(pool), options)
}

/** Counts are asked for when somebody collects; all of one collection come from one look at the pools. */
function publishCounts(
  meter: Meter,
  pools: ObservedPools,
  timeoutsSeen: ReadonlyMap<string, number>,
): () => void {
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableUpDownCounter(`db.client.connection.${name}`, { unit, description })
  const count = gauge('count', '{connection}', 'Connections that are in the state of the attribute')
  const idleMax = gauge('idle.max', '{connection}', 'The most idle connections that the pool keeps')
  const idleMin = gauge('idle.min', '{connection}', 'The fewest idle connections that the pool keeps')
  const max = gauge('max', '{connection}', 'The most connections that the pool opens')
  const pending = gauge('pending_requests', '{request}', 'Callers that wait for a connection')
  const timeouts = meter.createObservableCounter('db.client.connection.timeouts', {
    unit: '{timeout}',
    description: 'Callers that got no connection in time',
  })
  const instruments = [count, idleMax, idleMin, max, pending, timeouts]
  const read: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    for (const { name, stats } of pools.list()) {
      const pool = { [poolName]: name }
      result.observe(count, stats.idle, { ...pool, [connectionState]: 'idle' })
      result.observe(count, stats.leased, { ...pool, [connectionState]: 'used' })
      if (Number.isFinite(stats.max)) {
        result.observe(idleMax, stats.max, pool)
        result.observe(max, stats.max, pool)
      }
      result.observe(idleMin, stats.min ?? 0, pool)
      result.observe(pending, stats.waiting, pool)
      result.observe(timeouts, stats.timeouts ?? timeoutsSeen.get(name) ?? 0, pool)
    }
  }
  meter.addBatchObservableCallback(read, instruments)
  return () => {
    meter.removeBatchObservableCallback(read, instruments)
    const names = pools.list().map(({ name }) => name)
    // What is not told any more stays as it was for a cumulative reader: the last word about a pool is that nothing is left.
    const readNothing: typeof read = (result) => {
      for (const name of names) {
        for (const state of ['idle', 'used'])
          result.observe(count, 0, { [poolName]: name, [connectionState]: state })
        for (const limit of [idleMax, idleMin, max, pending]) result.observe(limit, 0, { [poolName]: name })
      }
      // Not at once: the SDK is walking through its callbacks, and would pass over the one behind this.
      queueMicrotask(() => {
        meter.removeBatchObservableCallback(readNothing, instruments)
      })
    }
    meter.addBatchObservableCallback(readNothing, instruments)
  }
}

interface Recorder {
  readonly observer: TraceObserver
  /** By pool, for pools whose statistics have no such count. */
  readonly timeouts: ReadonlyMap<string, number>
}

function createRecorder(meter: Meter, pools: ObservedPools, hasOperations: boolean): Recorder {
  const histogram = (name: string, description: string): Histogram =>
    meter.createHistogram(`db.client.${name}`, {
      unit: 's',
      description,
      advice: { explicitBucketBoundaries: [...durationBuckets] },
    })
  const wait = histogram('connection.wait_time', 'Time until a caller had its connection')
  const create = histogram('connection.create_time', 'Time to open a connection, login included')
  const use = histogram('connection.use_time', 'Time from the acquire of a connection to its release')
  const operation = hasOperations
    ? histogram('operation.duration', 'Time from sending a statement to its end')
    : undefined
  const timeouts = new Map<string, number>()
  const observer: TraceObserver = {
    nameOf: (message) => pools.nameOf(message),
    onAcquired: (pool, seconds) => {
      wait.record(seconds, { [poolName]: pool })
    },
    onAcquireTimeout: (pool) => {
      timeouts.set(pool, (timeouts.get(pool) ?? 0) + 1)
    },
    onConnected: (pool, seconds) => {
      create.record(seconds, { [poolName]: pool })
    },
    onReleased: (pool, seconds) => {
      use.record(seconds, { [poolName]: pool })
    },
    ...(operation && {
      onQueried: (_pool: string, seconds: number, query: QueryMessage) => {
        operation.record(seconds, operationAttributes(query))
      },
    }),
  }
  return { observer, timeouts }
}

function operationAttributes(query: QueryMessage): Attributes {
  const attributes: Attributes = { 'db.system.name': 'postgresql' }
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) attributes[name] = value
  }
  add('db.namespace', query.database)
  add('server.address', query.host)
  add('server.port', query.port)
  add('db.operation.name', query.operation)
  add('db.response.status_code', query.statusCode)
  add('error.type', errorTypeOf(query))
  return attributes
}
