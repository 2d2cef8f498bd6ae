import { Client, type ClientConfig } from 'pg'
import { startPostgres, type PostgresServer } from '../../src/testing/embedded-postgres'
import { waitFor } from '../support/wait-for'
import { useFaultReport } from './support/fault-report'
import { withWatch, type FaultWatch, type WatchSpec } from './support/fault-watch'
import { codeOf, codesOf, many } from './support/outcomes'
import { prependAccessRules } from './support/server-files'
import { createSkippingClock } from './support/skipping-clock'
import { processIdOf } from './support/watched-driver'

/** A server that may be hurt; its limit leaves six connections to those who are no superusers. */
let server: PostgresServer
let app: ClientConfig
beforeAll(async () => {
  server = await startPostgres({
    version: 15,
    settings: { max_connections: 9, superuser_reserved_connections: 3 },
  })
  await server.query('CREATE ROLE app LOGIN')
  await server.query('GRANT pg_signal_backend TO app')
  await server.query("CREATE ROLE secured LOGIN PASSWORD 'right one'")
  await prependAccessRules(server, ['host all secured 127.0.0.1/32 scram-sha-256'])
  app = { ...server.connection, user: 'app' }
})
afterAll(() => server.stop('immediate'))
useFaultReport('server')

const withApp = (
  fault: string,
  spec: Partial<WatchSpec>,
  work: (watch: FaultWatch) => Promise<void>,
): Promise<void> => withWatch(fault, { servers: [server], connection: app, ...spec }, work)

test('server full: the pool makes do with what it gets, serves everybody, and grows again when there is room', async () => {
  const clock = createSkippingClock()
  const strangers = Array.from({ length: 4 }, () => new Client(app))
  await Promise.all(strangers.map((client) => client.connect()))
  await withApp('server full (53300)', { pool: { max: 6 }, clock }, async (watch) => {
    expect(codesOf(await many(30, () => watch.run('SELECT pg_sleep(0.02)')))).toEqual(['ok'])
    expect(watch.pool.stats()).toMatchObject({ max: 6 })
    expect(watch.pool.stats().total).toBeLessThanOrEqual(2)
    expect(watch.count('pool-shrunk')).toBeGreaterThan(0)
    expect(watch.driver.attemptCount).toBeLessThan(20)
    expect(watch.pool.stats().hosts).toMatchObject([{ breaker: 'closed' }])
    await Promise.all(strangers.map((client) => client.end()))
    const held = await Promise.all([watch.acquire(), watch.acquire()])
    // Nobody gives one back: it is the clock alone that lets the third in.
    const third = watch.acquire({ timeoutMs: 25_000 })
    clock.skip(10_000)
    const startedAtMs = performance.now()
    held.push(await third)
    watch.recoveryMs = performance.now() - startedAtMs
    clock.skip(60_000)
    held.push(...(await Promise.all([watch.acquire(), watch.acquire(), watch.acquire()])))
    for (const lease of held) watch.release(lease)
  })
}, 30_000)

const secured = (password: string) => ({ ...app, user: 'secured', password })

test('wrong password, fixed: everybody is told at once that it is permanent; once it is right on the server, it works', () =>
  withApp('wrong password, fixed', { connection: secured('new one'), pool: { max: 3 } }, async (watch) => {
    const startedAtMs = performance.now()
    const results = await many(5, () => watch.acquire())
    expect(performance.now() - startedAtMs).toBeLessThan(1_000)
    expect(codesOf(results)).toEqual(['CONNECT_FAILED'])
    expect(results[0]).toMatchObject({ reason: { isRetryable: false, cause: { code: '28P01' } } })
    expect(watch.driver.attemptCount).toBeLessThanOrEqual(3)
    await server.query("ALTER ROLE secured PASSWORD 'new one'")
    expect(await watch.recovers()).toBeLessThan(500)
    await server.query("ALTER ROLE secured PASSWORD 'right one'")
  }))

test.each([
  ['a function', (next: () => string) => () => Promise.resolve(secured(next()))],
  ['a password function', (next: () => string) => ({ ...secured(''), password: next })],
])(
  'wrong password, then right, from %s: it is asked once more and no caller notices',
  (_, makeConnection) => {
    const passwords = ['old one', 'right one']
    let asked = 0
    return withApp(
      'wrong password, then right',
      {
        connection: makeConnection(() => passwords[Math.min(asked++, 1)] ?? ''),
        pool: { max: 1 },
      },
      async (watch) => {
        expect(await watch.recovers()).toBeLessThan(500)
        expect({ asked, refused: watch.refusedCount, failed: watch.count('connection-failed') }).toEqual({
          asked: 2,
          refused: 0,
          failed: 0,
        })
      },
    )
  },
)

test('wrong password, always, from a function: it is asked twice, then the caller is told', () => {
  let asked = 0
  return withApp(
    'wrong password, always',
    { connection: () => Promise.resolve(secured(`guess ${++asked}`)), pool: { max: 1 } },
    async (watch) => {
      expect(await codeOf(watch.acquire())).toBe('CONNECT_FAILED')
      expect(asked).toBe(2)
    },
  )
})

test('admin kill, idle: the pool notices by itself and nobody is told of it', () =>
  withApp('admin kill, idle', { pool: { max: 3 } }, async (watch) => {
    await watch.warm(3)
    await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', ['app'])
    await waitFor(() => watch.pool.stats().total === 0)
    expect(watch.count('connection-failed')).toBe(3)
    expect(codesOf(await many(6, () => watch.run('SELECT 1')))).toEqual(['ok'])
    await watch.recovers()
  }))

test('admin kill, busy: the borrower is told what happened, the next one gets another connection', () =>
  withApp('admin kill, busy', { pool: { max: 2 } }, async (watch) => {
    const lease = await watch.acquire()
    const query = codeOf(lease.client.query('SELECT pg_sleep(30)'))
    await server.query('SELECT pg_terminate_backend($1)', [processIdOf(lease.client)])
    expect(await query).toBe('57P01')
    watch.release(lease)
    await watch.recovers()
    expect(watch.driver.processIds).not.toContain(processIdOf(lease.client))
  }))

test('admin kill, in a transaction: the rest of it fails, the next borrower begins outside of any', () =>
  withApp('admin kill, in a transaction', { pool: { max: 1 } }, async (watch) => {
    const lease = await watch.acquire()
    await lease.client.query('BEGIN')
    await lease.client.query('CREATE TEMP TABLE mine (n int)')
    const ended = new Promise((resolve) => lease.client.once('end', resolve))
    await server.query('SELECT pg_terminate_backend($1)', [processIdOf(lease.client)])
    await ended
    expect(await codeOf(lease.client.query('COMMIT'))).not.toBe('ok')
    watch.release(lease)
    await watch.recovers()
    expect(
      await watch.run("SELECT to_regclass('mine') AS mine, now() = statement_timestamp() AS fresh"),
    ).toEqual([{ mine: null, fresh: true }])
  }))

/** Callers who never stop asking; every way in which they were told no. */
async function duringTraffic(watch: FaultWatch, work: () => Promise<void>): Promise<readonly string[]> {
  const codes = new Set<string>()
  let isOver = false
  const ask = async (): Promise<void> => {
    while (!isOver) codes.add(await codeOf(watch.run('SELECT pg_sleep(0.002)')))
  }
  const callers = Array.from({ length: 6 }, ask)
  await waitFor(() => codes.has('ok'))
  codes.clear()
  try {
    await work()
  } finally {
    isOver = true
    await Promise.all(callers)
  }
  return [...codes]
}

const understood = /^(ok|OUTCOME_UNKNOWN|57P0[123]|CONNECT_FAILED|CIRCUIT_OPEN|ECONNRESET)$/

test('immediate stop and restart: callers wait through it or are told what is known, and it goes on', () =>
  withApp('immediate stop and restart', { pool: { max: 4 } }, async (watch) => {
    const codes = await duringTraffic(watch, async () => {
      await server.restart('immediate')
      expect(await watch.recovers()).toBeLessThan(1_000)
    })
    for (const code of codes) expect(code).toMatch(understood)
  }))

test('crash of a sibling: all sessions are thrown out at once, and everybody comes back when the server has recovered', () =>
  withApp('crash of a sibling', { pool: { max: 4 } }, async (watch) => {
    const sibling = new Client(app)
    sibling.on('error', () => undefined)
    await sibling.connect()
    const codes = await duringTraffic(watch, async () => {
      const gone = new Promise((resolve) => sibling.once('end', resolve))
      process.kill((sibling as Client & { processID: number }).processID, 'SIGKILL')
      await gone
      expect(await watch.recovers()).toBeLessThan(3_000)
    })
    for (const code of codes) expect(code).toMatch(understood)
    await sibling.end()
  }))

test('disk full: the statement fails, the connection stays and nothing counts against the host', () =>
  withApp('disk full (53100)', { pool: { max: 1 } }, async (watch) => {
    await watch.warm(1)
    const before = watch.driver.processIds
    const full = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
    for (let count = 0; count < 10; count++) expect(await codeOf(watch.run(full))).toBe('53100')
    const lease = await watch.acquire()
    await lease.client.query('BEGIN')
    expect(await codeOf(lease.client.query(full))).toBe('53100')
    watch.release(lease)
    await watch.recovers()
    expect(watch.driver.processIds).toEqual(before)
    expect(watch.pool.stats().hosts).toMatchObject([{ breaker: 'closed', consecutiveFailures: 0 }])
  }))
