import { acquireTrace, connectTrace, releaseTrace, tracedPools } from '../../../src/core/tracing'
import { traceQuery } from '../../../src/core/trace-query'
import { AcquireTimeoutError } from '../../../src/core/errors'
import type { StatsSource } from '../../../src/observe/stats-source'
import type { PoolStats } from '../../../src/pool/pool-strategy'
import { FakeClock } from '../../support/fake-clock'

export const emptyStats: PoolStats = {
  total: 0,
  idle: 0,
  leased: 0,
  opening: 0,
  resetting: 0,
  closing: 0,
  waiting: 0,
  max: 10,
}

/** A service with made-up statistics, which publishes what a real one would. */
export class FakeService implements StatsSource {
  readonly pools: ReadonlyMap<string, object>
  readonly databases: Record<string, PoolStats>
  readonly clock = new FakeClock()

  constructor(databases: Record<string, Partial<PoolStats>>) {
    const entries = Object.entries(databases)
    this.pools = new Map(entries.map(([name]) => [name, {}]))
    this.databases = Object.fromEntries(entries.map(([name, stats]) => [name, { ...emptyStats, ...stats }]))
  }

  stats(): { databases: Record<string, PoolStats> } {
    return { databases: this.databases }
  }

  [tracedPools](): ReadonlyMap<string, object> {
    return this.pools
  }

  acquire(pool: string, waitMs: number): Promise<void> {
    return acquireTrace.promise(this.#origin(pool), () => this.clock.advance(waitMs), this.clock)
  }

  async failToAcquire(
    pool: string,
    error: Error = new AcquireTimeoutError('late', undefined),
  ): Promise<void> {
    const failing = acquireTrace.promise(this.#origin(pool), () => Promise.reject(error), this.clock)
    await failing.catch(() => undefined)
  }

  release(pool: string, heldMs: number): void {
    releaseTrace.sync({ ...this.#origin(pool), heldMs, outcome: 'reuse' }, () => undefined)
  }

  async connect(pool: string, durationMs: number, error?: Error): Promise<void> {
    const work = async (): Promise<void> => {
      await this.clock.advance(durationMs)
      if (error !== undefined) throw error
    }
    await connectTrace.promise(this.#origin(pool), work, this.clock).catch(() => undefined)
  }

  async query(pool: string, text: string, outcome: { durationMs: number; error?: unknown }): Promise<void> {
    const client = {
      host: 'db.example',
      port: 5433,
      database: 'shop',
      query: async () => {
        await this.clock.advance(outcome.durationMs)
        if (outcome.error !== undefined) throw outcome.error as Error
      },
    }
    const result = traceQuery(client, [text], { ...this.#origin(pool), clock: this.clock })
    await (result as Promise<void>).catch(() => undefined)
  }

  #origin(pool: string): { pool: string; purpose: string; owner: object } {
    return { pool, purpose: 'general', owner: this.pools.get(pool) ?? this }
  }
}
