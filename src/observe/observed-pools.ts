import type { PoolMessage } from '../core/trace-messages'
import { tracedPools } from '../core/tracing'
import type { PoolStats } from '../pool/pool-strategy'
import type { PoolNames } from './pool-names'
import type { StatsSource } from './stats-source'

interface ObservedPool {
  /** Unique among what is observed in this process. */
  readonly name: string
  readonly stats: PoolStats
}

/** The pools of one source under names that are unique in the process. */
export class ObservedPools {
  readonly #source: StatsSource
  readonly #names: PoolNames
  readonly #prefix: string | undefined
  readonly #nameByDatabase = new Map<string, string>()
  readonly #nameByOwner = new Map<object, string>()

  /** @param prefix what to call the source's only pool, or what to put before the names of several */
  constructor(source: StatsSource, names: PoolNames, prefix: string | undefined) {
    this.#source = source
    this.#names = names
    this.#prefix = prefix
    const owners = source[tracedPools]?.()
    const databases = Object.keys(source.stats().databases)
    for (const database of databases) {
      const owner = owners?.get(database) ?? source
      const name = names.claim(this.#wantedName(database, databases.length), owner)
      this.#nameByDatabase.set(database, name)
      this.#nameByOwner.set(owner, name)
    }
  }

  /** What the pools are at now. */
  list(): readonly ObservedPool[] {
    return Object.entries(this.#source.stats().databases).map(([database, stats]) => ({
      name: this.#nameByDatabase.get(database) ?? database,
      stats,
    }))
  }

  /** The name of the pool that a message is about; `undefined` when it belongs to somebody else. */
  nameOf({ owner, pool }: PoolMessage): string | undefined {
    return owner === this.#source ? this.#nameByDatabase.get(pool) : this.#nameByOwner.get(owner)
  }

  giveBackNames(): void {
    for (const name of this.#nameByDatabase.values()) this.#names.giveBack(name)
  }

  #wantedName(database: string, count: number): string {
    if (this.#prefix === undefined) return database
    return count === 1 ? this.#prefix : `${this.#prefix}/${database}`
  }
}
