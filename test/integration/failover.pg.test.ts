import { ResilientPoolStrategy } from '../../src/pool/resilient/resilient-pool'
import type { ConnectionEvent } from '../../src/core/events'
import type { HostTarget } from '../../src/pool/pool-strategy'
import type { PostgresServer, PostgresStandby } from '../../src/testing/embedded-postgres'
import { startPostgres } from '../../src/testing/embedded-postgres'
import { waitFor } from '../support/wait-for'

interface Cluster {
  readonly primary: PostgresServer
  readonly standby: PostgresStandby
  readonly hosts: readonly { host: string; port: number }[]
}

/** A primary that acknowledges nothing that its standby has not got. */
async function startCluster(): Promise<Cluster> {
  const primary = await startPostgres({ replicas: 1 })
  const [standby] = primary.standbys
  if (standby === undefined) throw new Error('a standby was asked for')
  await primary.query('CREATE TABLE written (id int PRIMARY KEY)')
  await primary.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
  await primary.query('SELECT pg_reload_conf()')
  await waitFor(
    async () =>
      (await primary.query("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'")).length > 0,
    { what: 'synchronous replication' },
  )
  return { primary, standby, hosts: [primary, standby].map(({ host, port }) => ({ host, port })) }
}

function createPool({ primary, hosts }: Cluster, pool = {}) {
  const events: ConnectionEvent[] = []
  const { user, database } = primary.connection
  const strategy = new ResilientPoolStrategy(
    { connection: { user, database }, hosts, pool: { max: 8, ...pool } },
    { onEvent: (event) => events.push(event) },
  )
  return { strategy, events }
}

/** Writes numbers one after the other until it is told to stop; knows what was acknowledged, and what nobody knows. */
class Writers {
  readonly acknowledged = new Map<number, number>()
  readonly unknown = new Set<number>()
  readonly refusals: string[] = []
  #next = 0
  #isStopped = false
  readonly #running: Promise<void>[]

  constructor(
    private readonly pool: ResilientPoolStrategy,
    count: number,
  ) {
    this.#running = Array.from({ length: count }, () => this.#write())
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#running)
  }

  firstAfter(ms: number): number | undefined {
    return [...this.acknowledged.values()].filter((atMs) => atMs >= ms).sort((a, b) => a - b)[0]
  }

  async #write(): Promise<void> {
    while (!this.#isStopped) {
      const id = this.#next++
      const attempt = { isSent: false }
      try {
        const lease = await this.pool.acquire({ purpose: 'write' })
        try {
          attempt.isSent = true
          await lease.client.query('INSERT INTO written VALUES ($1)', [id])
          this.acknowledged.set(id, performance.now())
          this.pool.release(lease, 'reuse')
        } catch (error) {
          this.pool.release(lease, 'discard')
          throw error
        }
      } catch (error) {
        if (attempt.isSent) this.unknown.add(id)
        this.refusals.push((error as { code?: string }).code ?? String(error))
      }
    }
  }
}

test.each(['immediate', 'fast'] as const)(
  'writers go on at the promoted standby within half a second after a stop that is %s, and nothing acknowledged is lost',
  async (mode) => {
    const cluster = await startCluster()
    const { primary, standby } = cluster
    const { strategy, events } = createPool(cluster)
    const writers = new Writers(strategy, 8)
    await waitFor(() => writers.acknowledged.size > 200, { what: 'writes on the primary' })
    await primary.halt(mode)
    await standby.promote()
    const promotedAtMs = performance.now()
    await waitFor(() => writers.firstAfter(promotedAtMs) !== undefined, { what: 'a write after promotion' })
    const firstMs = (writers.firstAfter(promotedAtMs) ?? Infinity) - promotedAtMs
    await waitFor(() => writers.acknowledged.size > 400, { what: 'writes on the new primary' })
    await writers.stop()
    const rows = await standby.query('SELECT id FROM written')
    const kept = new Set(rows.map(({ id }) => Number(id)))
    const lost = [...writers.acknowledged.keys()].filter((id) => !kept.has(id))
    const stray = [...kept].filter((id) => !writers.acknowledged.has(id) && !writers.unknown.has(id))
    expect({ lost, stray }).toEqual({ lost: [], stray: [] })
    expect(firstMs).toBeLessThan(500)
    expect(strategy.stats().total).toBeLessThanOrEqual(8)
    expect(events.some((event) => event.kind === 'host-role-changed' && event.role === 'primary')).toBe(true)
    // Whoever was cut off is told that nobody knows, or that the server has ended the session.
    const told = ['OUTCOME_UNKNOWN', 'ECONNRESET', '57P01']
    expect(writers.refusals.filter((code) => !told.includes(code))).toEqual([])
    await strategy.close()
    await primary.stop('immediate')
  },
  60_000,
)

async function portOf(pool: ResilientPoolStrategy, target: HostTarget): Promise<number> {
  const lease = await pool.acquire({ purpose: 'look', target })
  const { rows } = await lease.client.query<{ port: number }>('SELECT inet_server_port() AS port')
  pool.release(lease, 'reuse')
  return rows[0]?.port ?? 0
}

test('reads go to the standby when it is asked for or preferred, writes to the primary, and each falls back as it may', async () => {
  const cluster = await startCluster()
  const { primary, standby } = cluster
  await primary.query('ALTER SYSTEM RESET synchronous_standby_names')
  await primary.query('SELECT pg_reload_conf()')
  const { strategy } = createPool(cluster, { acquireTimeoutMs: 3_000, breakerOutageMs: 60_000 })
  expect(await portOf(strategy, 'primary')).toBe(primary.port)
  expect(await portOf(strategy, 'standby')).toBe(standby.port)
  expect(await portOf(strategy, 'prefer-standby')).toBe(standby.port)
  expect([primary.port, standby.port]).toContain(await portOf(strategy, 'any'))
  const roles = strategy.stats().hosts?.map(({ port, role }) => [port, role])
  expect(roles).toEqual([
    [primary.port, 'primary'],
    [standby.port, 'standby'],
  ])
  await standby.halt('immediate')
  expect(await portOf(strategy, 'prefer-standby')).toBe(primary.port)
  await expect(portOf(strategy, 'standby')).rejects.toMatchObject({
    code: expect.stringMatching(/CONNECT_FAILED|NO_ELIGIBLE_HOST/),
  })
  await strategy.close()
  await primary.stop('immediate')
}, 60_000)
