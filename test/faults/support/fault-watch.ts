import { randomBytes } from 'node:crypto'
import type { ClientConfig, QueryResultRow } from 'pg'
import { systemClock, type Clock } from '../../../src/core/clock'
import type { ConnectionEvent } from '../../../src/core/events'
import type { PoolOptions } from '../../../src/pool/pool-options'
import type { AcquireRequest, PooledConnection, ReleaseOutcome } from '../../../src/pool/pool-strategy'
import { ResilientPoolStrategy } from '../../../src/pool/resilient/resilient-pool'
import { createFaultProxy, type FaultProxy } from '../../../src/testing/fault-proxy'
import { waitFor } from '../../support/wait-for'
import { recordFault } from './fault-report'
import { watchProcess } from './process-watch'
import { WatchedDriver } from './watched-driver'

/** A server whose sessions can be counted past whatever is under test. */
export interface CountedServer {
  query(sql: string, values?: readonly unknown[]): Promise<readonly QueryResultRow[]>
}

export interface WatchSpec {
  /** All that the pool may connect to. */
  readonly servers: readonly CountedServer[]
  readonly connection: ClientConfig | (() => Promise<ClientConfig>)
  readonly hosts?: readonly { readonly host: string; readonly port?: number }[]
  readonly pool?: PoolOptions
  readonly clock?: Clock
  /** The fault keeps the end of a connection from the server: it holds sessions that nobody has any more. */
  readonly hidesEnds?: boolean
}

/** How a caller's wait ended; both counts together must come to one. */
interface Wait {
  delivered: number
  refused: number
}

const sampleMs = 2

/** A pool under observation: what must hold in every run is looked at with each event and every few milliseconds. */
export class FaultWatch {
  readonly pool: ResilientPoolStrategy
  readonly driver: WatchedDriver
  readonly events: ConnectionEvent[] = []
  readonly violations = new Set<string>()
  readonly applicationName = `fault_${randomBytes(6).toString('hex')}`
  recoveryMs: number | undefined
  mostAtOnce = 0
  readonly #spec: WatchSpec
  readonly #waits: Wait[] = []
  readonly #lent = new Map<PooledConnection['client'], PooledConnection>()
  #sampler: NodeJS.Timeout | undefined

  constructor(spec: WatchSpec) {
    this.#spec = spec
    const { connection, hosts, pool, clock = systemClock } = spec
    const named = (config: ClientConfig): ClientConfig => ({
      ...config,
      application_name: this.applicationName,
    })
    this.driver = new WatchedDriver(clock, () => {
      this.#sample()
    })
    this.pool = new ResilientPoolStrategy(
      {
        connection:
          typeof connection === 'function' ? async () => named(await connection()) : named(connection),
        ...(hosts && { hosts }),
        ...(pool && { pool }),
      },
      {
        driver: this.driver,
        clock,
        onEvent: (event) => {
          this.events.push(event)
          this.#sample()
        },
      },
    )
    this.#sampler = setInterval(() => {
      this.#sample()
    }, sampleMs)
  }

  get refusedCount(): number {
    return this.#waits.filter(({ refused }) => refused > 0).length
  }

  count(kind: ConnectionEvent['kind']): number {
    return this.events.filter((event) => event.kind === kind).length
  }

  acquire(request: Partial<AcquireRequest> = {}): Promise<PooledConnection> {
    const wait: Wait = { delivered: 0, refused: 0 }
    this.#waits.push(wait)
    return new Promise((resolve, reject) => {
      this.pool.acquireLater(
        { purpose: 'test', ...request },
        {
          deliver: (lease) => {
            wait.delivered++
            if (this.#lent.has(lease.client)) this.violations.add('one connection was lent to two callers')
            this.#lent.set(lease.client, lease)
            resolve(lease)
          },
          refuse: (error) => {
            wait.refused++
            reject(error instanceof Error ? error : new Error(String(error)))
          },
        },
      )
    })
  }

  release(lease: PooledConnection, outcome: ReleaseOutcome = 'reuse'): void {
    this.#lent.delete(lease.client)
    this.pool.release(lease, outcome)
  }

  /** Borrows, asks, gives back as if nothing had happened: to judge the connection is the pool's affair. */
  async run(sql: string, request?: Partial<AcquireRequest>): Promise<readonly QueryResultRow[]> {
    const lease = await this.acquire(request)
    try {
      return (await lease.client.query<QueryResultRow>(sql)).rows
    } finally {
      this.release(lease)
    }
  }

  /** Opens `count` connections and leaves them idle. */
  async warm(count: number): Promise<void> {
    const leases = await Promise.all(Array.from({ length: count }, () => this.acquire()))
    for (const lease of leases) this.release(lease)
    if (this.pool.stats().idle < count) throw new Error('the pool did not keep what it had opened')
  }

  /** The fault is over: notes how long it takes to the next answer. */
  async recovers(timeoutMs = 5_000): Promise<number> {
    const startedAtMs = performance.now()
    const answers = (): Promise<boolean> =>
      this.run('SELECT 1').then(
        () => true,
        () => false,
      )
    await waitFor(answers, { timeoutMs, intervalMs: 1, what: 'an answer after the fault' })
    this.recoveryMs = performance.now() - startedAtMs
    return this.recoveryMs
  }

  /** Sessions of this pool, as its servers count them. */
  async serverProcessIds(): Promise<readonly number[]> {
    const found = await Promise.all(
      this.#spec.servers.map((server) =>
        server.query('SELECT pid FROM pg_stat_activity WHERE application_name = $1', [this.applicationName]),
      ),
    )
    return found.flat().map(({ pid }) => Number(pid))
  }

  /** Once the fault is over: nobody waits, nothing is on its way, and the server has what the pool says that it has. */
  async settles(): Promise<void> {
    await waitFor(() => this.#waits.every(({ delivered, refused }) => delivered + refused > 0), {
      what: 'every caller to be told',
    })
    await waitFor(
      () => {
        const { leased, opening, resetting, closing, waiting } = this.pool.stats()
        return leased + opening + resetting + closing + waiting === 0
      },
      { what: 'the pool to come to rest' },
    )
    const matches = async (): Promise<boolean> => {
      const ours = this.driver.processIds
      const theirs = await this.serverProcessIds()
      const { total } = this.pool.stats()
      const isComplete = ours.length === total && ours.every((pid) => theirs.includes(pid))
      return isComplete && (this.#spec.hidesEnds === true || theirs.length === total)
    }
    await waitFor(matches, { what: 'server and pool to count the same connections' })
  }

  async close(): Promise<void> {
    // Only a test that has failed still holds any; what it meant to say must not be lost in a close that waits.
    for (const lease of this.#lent.values()) this.release(lease, 'discard')
    await this.pool.close()
    clearInterval(this.#sampler)
    this.#sampler = undefined
    this.#sample()
    const { total, waiting } = this.pool.stats()
    if (total + waiting + this.driver.liveCount > 0) this.violations.add('close() has left something behind')
    if (this.#waits.some(({ delivered, refused }) => delivered + refused !== 1))
      this.violations.add('a caller was not told exactly once')
  }

  #sample(): void {
    const { total, idle, leased, opening, resetting, closing, max } = this.pool.stats()
    this.mostAtOnce = Math.max(this.mostAtOnce, total, this.driver.liveCount)
    if (total > max) this.violations.add(`${total} connections with a max of ${max}`)
    if (this.driver.liveCount > max)
      this.violations.add(`the driver has ${this.driver.liveCount} connections with a max of ${max}`)
    const parts = [idle, leased, opening, resetting, closing]
    if (parts.some((part) => part < 0) || parts.reduce((sum, part) => sum + part) !== total)
      this.violations.add(`${parts.join(' + ')} is not ${total}`)
  }
}

/** Runs one fault against a pool that is watched from its making to its close, and asserts what must hold in every run. */
export async function withWatch(
  fault: string,
  spec: WatchSpec,
  work: (watch: FaultWatch) => Promise<void>,
): Promise<void> {
  const observed = watchProcess()
  const watch = new FaultWatch(spec)
  try {
    await work(watch)
    await watch.settles()
  } finally {
    await watch.close()
    observed.stop()
  }
  if (spec.hidesEnds !== true) await expectNoSessions(watch)
  expect({ violations: [...watch.violations], process: observed.failures }).toEqual({
    violations: [],
    process: [],
  })
  recordFault({
    fault,
    ...(watch.recoveryMs !== undefined && { recoveryMs: watch.recoveryMs }),
    opened: watch.count('connection-opened'),
    failed: watch.count('connection-failed'),
    refused: watch.refusedCount,
    mostAtOnce: watch.mostAtOnce,
    max: watch.pool.stats().max,
  })
}

export interface ProxiedSpec {
  readonly pool?: PoolOptions
  readonly clock?: Clock
  readonly hidesEnds?: boolean
  /** Over the server's own; the port is the proxy's. */
  readonly config?: ClientConfig
}

export interface ProxiedServer extends CountedServer {
  readonly connection: { readonly host?: string | undefined; readonly port?: number | undefined }
}

/** {@link withWatch} with a fault proxy between the pool and its server. */
export async function withFaultyNetwork(
  fault: string,
  server: ProxiedServer,
  { config, ...spec }: ProxiedSpec,
  work: (watch: FaultWatch, proxy: FaultProxy) => Promise<void>,
): Promise<void> {
  const { host = '127.0.0.1', port = 5432 } = server.connection
  await using proxy = await createFaultProxy({ target: { host, port } })
  const connection: ClientConfig = {
    ...(server.connection as ClientConfig),
    host: proxy.host,
    ...config,
    port: proxy.port,
  }
  let seen: FaultWatch | undefined
  await withWatch(fault, { servers: [server], connection, ...spec }, (watch) => {
    seen = watch
    return work(watch, proxy)
  })
  // What a fault has hidden from the server, the end of the network shows it.
  await proxy.close()
  if (seen !== undefined) await expectNoSessions(seen)
}

async function expectNoSessions(watch: FaultWatch): Promise<void> {
  await waitFor(async () => (await watch.serverProcessIds()).length === 0, {
    what: 'the server to have no session left',
  })
}
