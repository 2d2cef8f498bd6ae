export { observePool, observeService } from './observe/otel-metrics'
export type { Observation, ObserveOptions } from './observe/otel-metrics'
export type { PgPoolLike, StatsSource } from './observe/stats-source'
