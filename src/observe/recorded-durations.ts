import type { QueryMessage } from '../core/query-message'
import type { PoolMessage } from '../core/trace-messages'
import { DurationHistogram } from './duration-histogram'
import type { ObservedPools } from './observed-pools'
import { errorTypeOf } from './query-outcome'
import type { TraceObserver } from './watch-traces'

/** What is measured; a name is part of the metric's name. */
export type DurationKind = 'acquire_wait' | 'connect' | 'lease' | 'query'
export type Labels = Readonly<Record<string, string>>

interface Series {
  readonly labels: Labels
  readonly histogram: DurationHistogram
}

/** Durations and timeouts of observed pools since the observation began. */
export class RecordedDurations implements TraceObserver {
  readonly #pools: ObservedPools
  readonly #series: Readonly<Record<DurationKind, Map<string, Series>>> = {
    acquire_wait: new Map(),
    connect: new Map(),
    lease: new Map(),
    query: new Map(),
  }
  readonly #timeouts = new Map<string, number>()
  readonly onQueried?: (pool: string, seconds: number, query: QueryMessage) => void

  constructor(pools: ObservedPools, hasOperations: boolean) {
    this.#pools = pools
    if (hasOperations) {
      this.onQueried = (pool, seconds, query) => {
        const { operation = 'OTHER' } = query
        this.#record('query', { pool, operation, error: errorTypeOf(query) ?? '' }, seconds)
      }
    }
  }

  series(kind: DurationKind): Iterable<Series> {
    return this.#series[kind].values()
  }

  timeoutsOf(pool: string): number {
    return this.#timeouts.get(pool) ?? 0
  }

  /** Forgets what was measured of one kind. */
  reset(kind: DurationKind): void {
    this.#series[kind].clear()
  }

  nameOf(message: PoolMessage): string | undefined {
    return this.#pools.nameOf(message)
  }

  onAcquired(pool: string, seconds: number): void {
    this.#record('acquire_wait', { pool }, seconds)
  }

  onAcquireTimeout(pool: string): void {
    this.#timeouts.set(pool, this.timeoutsOf(pool) + 1)
  }

  onConnected(pool: string, seconds: number): void {
    this.#record('connect', { pool }, seconds)
  }

  onReleased(pool: string, seconds: number): void {
    this.#record('lease', { pool }, seconds)
  }

  #record(kind: DurationKind, labels: Labels, seconds: number): void {
    const key = Object.values(labels).join('\0')
    let series = this.#series[kind].get(key)
    if (series === undefined) {
      series = { labels, histogram: new DurationHistogram() }
      this.#series[kind].set(key, series)
    }
    series.histogram.record(seconds)
  }
}
