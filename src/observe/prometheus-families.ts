import type { PoolStats } from '../pool/pool-strategy'
import type { ObservedPools } from './observed-pools'
import type { DurationKind, Labels, RecordedDurations } from './recorded-durations'

/** One line of a scrape; `metricName` where it is not the family's, as `…_bucket`. */
export interface Sample {
  readonly metricName?: string
  readonly labels: Labels
  readonly value: number
}

/** Where samples come from; without `durations`, from the pools' statistics alone. */
export interface SampleSource {
  readonly pools: ObservedPools
  readonly durations?: RecordedDurations
}

export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter' | 'histogram'
  samples(source: SampleSource): readonly Sample[]
  /** The durations that it shows. */
  readonly kind?: DurationKind
}

const states = ['idle', 'leased', 'opening', 'resetting', 'closing'] as const

/** Every metric of the adapter; docs/observability.md has the same list. */
export const metricFamilies: readonly MetricFamily[] = [
  {
    name: 'pgferry_connections',
    help: 'Connections by what they are doing; the sum is what the server has.',
    type: 'gauge',
    samples: ({ pools }) =>
      pools
        .list()
        .flatMap(({ name, stats }) =>
          states.map((state) => ({ labels: { pool: name, state }, value: stats[state] })),
        ),
  },
  fromStats(
    'pgferry_connections_max',
    'gauge',
    'The most connections that the pool opens.',
    ({ max }) => max,
  ),
  fromStats('pgferry_connections_min', 'gauge', 'The fewest connections that it keeps.', ({ min }) => min),
  fromStats(
    'pgferry_pending_requests',
    'gauge',
    'Callers that wait for a connection.',
    ({ waiting }) => waiting,
  ),
  {
    name: 'pgferry_acquire_timeouts_total',
    help: 'Callers that got no connection in time.',
    type: 'counter',
    samples: ({ pools, durations }) =>
      pools
        .list()
        .flatMap(({ name, stats }) => sampleOf(name, stats.timeouts ?? durations?.timeoutsOf(name))),
  },
  fromStats(
    'pgferry_connections_opened_total',
    'counter',
    'Connections opened since the pool was made.',
    ({ opened }) => opened,
  ),
  fromStats(
    'pgferry_connections_closed_total',
    'counter',
    'Connections closed since the pool was made.',
    ({ closed }) => closed,
  ),
  fromDurations('acquire_wait', 'Time until a caller had its connection.'),
  fromDurations('connect', 'Time to open a connection, login included.'),
  fromDurations('lease', 'Time from the acquire of a connection to its release.'),
  fromDurations('query', 'Time from sending a statement to its end, by command and SQLSTATE.'),
]

function fromStats(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  read: (stats: PoolStats) => number | undefined,
): MetricFamily {
  return {
    name,
    help,
    type,
    samples: ({ pools }) => pools.list().flatMap((pool) => sampleOf(pool.name, read(pool.stats))),
  }
}

/** None for what a strategy does not count. */
function sampleOf(pool: string, value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ labels: { pool }, value }]
}

function fromDurations(kind: DurationKind, help: string): MetricFamily {
  const name = `pgferry_${kind}_seconds`
  return {
    name,
    help,
    type: 'histogram',
    kind,
    samples: ({ durations }) =>
      [...(durations?.series(kind) ?? [])].flatMap(({ labels, histogram }) => [
        ...histogram.cumulative().map(({ bound, count }) => ({
          metricName: `${name}_bucket`,
          labels: { ...labels, le: bound },
          value: count,
        })),
        { metricName: `${name}_sum`, labels, value: histogram.sum },
        { metricName: `${name}_count`, labels, value: histogram.count },
      ]),
  }
}
