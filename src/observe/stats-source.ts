import { tracedPools } from '../core/tracing'
import type { PoolStats } from '../pool/pool-strategy'

/** Whatever has pools to observe: a `DatabaseConnectionService`, or what {@link toStatsSource} makes of a `Pool`. */
export interface StatsSource {
  /** Called at each collection; cheap, and without effect. */
  stats(): { readonly databases: Readonly<Record<string, PoolStats>> }
  /** The pools as they are named in `stats()`; without it, messages are expected to have the source as their owner. */
  [tracedPools]?(): ReadonlyMap<string, object>
}

/** What `pg.Pool` and `Pool` of `pgferry/pg` tell of themselves. */
export interface PgPoolLike {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly options: {
    readonly max?: number | undefined
    readonly min?: number | undefined
    readonly host?: string | undefined
    readonly port?: number | undefined
    readonly database?: string | undefined
  }
  [tracedPools]?(): ReadonlyMap<string, object>
}

/** The pool as a source of one database, named as the conventions advise: `host:port/database`. */
export function toStatsSource(pool: PgPoolLike): StatsSource {
  const { host = 'localhost', port = 5432, database } = pool.options
  const name = database === undefined ? 'pool' : `${host}:${String(port)}/${database}`
  return {
    stats: () => ({ databases: { [name]: statsOf(pool) } }),
    [tracedPools]: () => new Map([[name, firstTraced(pool) ?? pool]]),
  }
}

/** A pool on a strategy of its own names that as the owner of its messages. */
function firstTraced(pool: PgPoolLike): object | undefined {
  return pool[tracedPools]?.().values().next().value
}

function statsOf({ totalCount, idleCount, waitingCount, options }: PgPoolLike): PoolStats {
  return {
    total: totalCount,
    idle: idleCount,
    // `pg.Pool` counts connections that are being opened as neither.
    leased: totalCount - idleCount,
    opening: 0,
    resetting: 0,
    closing: 0,
    waiting: waitingCount,
    max: options.max ?? 10,
    min: options.min ?? 0,
  }
}
