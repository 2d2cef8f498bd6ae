import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'
import { useFaultReport } from './support/fault-report'
import { withFaultyNetwork } from './support/fault-watch'
import { codeOf, codesOf, many } from './support/outcomes'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
useFaultReport('network')

test('refused: callers learn that the connection was refused, attempts are few, and who still waits is served when it is over', () =>
  withFaultyNetwork('refused', database, { pool: { max: 4 } }, async (watch, proxy) => {
    await proxy.setMode('refuse')
    const impatient = await many(8, () => watch.acquire({ timeoutMs: 300 }))
    expect(codesOf(impatient)).toEqual(['CONNECT_FAILED'])
    expect(impatient[0]).toMatchObject({ reason: { cause: { code: 'ECONNREFUSED' }, isRetryable: true } })
    expect(watch.driver.attemptCount).toBeLessThan(25)
    const patient = many(8, () => watch.run('SELECT 1'))
    await waitFor(() => watch.pool.stats().waiting === 8)
    await proxy.setMode('pass')
    expect(await watch.recovers()).toBeLessThan(500)
    expect(codesOf(await patient)).toEqual(['ok'])
  }))

test('refused for long: callers are refused at once, and the first probe after it ends that', () =>
  withFaultyNetwork(
    'refused until the breaker opens',
    database,
    { pool: { max: 4, breakerFailureCount: 3, breakerOutageMs: 100 } },
    async (watch, proxy) => {
      await proxy.setMode('refuse')
      await waitFor(async () => codesOf(await many(1, () => watch.acquire())).includes('CIRCUIT_OPEN'), {
        what: 'the breaker to open',
      })
      const startedAtMs = performance.now()
      expect(codesOf(await many(20, () => watch.acquire()))).toEqual(['CIRCUIT_OPEN'])
      expect(performance.now() - startedAtMs).toBeLessThan(50)
      await proxy.setMode('pass')
      expect(await watch.recovers()).toBeLessThan(1_000)
      expect(watch.pool.stats().hosts).toMatchObject([{ breaker: 'closed', consecutiveFailures: 0 }])
    },
  ))

test('black hole before login: the deadline of a caller holds, the reason is told, and later attempts find the way again', () =>
  withFaultyNetwork(
    'black hole before login',
    database,
    { pool: { max: 3, connectTimeoutMs: 150 }, hidesEnds: true },
    async (watch, proxy) => {
      await proxy.setMode('black-hole')
      const startedAtMs = performance.now()
      const results = await many(5, () => watch.acquire({ timeoutMs: 400 }))
      expect(performance.now() - startedAtMs).toBeLessThan(700)
      expect(codesOf(results)).toEqual(['CONNECT_FAILED'])
      expect(String((results[0] as PromiseRejectedResult).reason)).toMatch(
        /did not answer in time|gave no answer/,
      )
      const patient = many(5, () => watch.run('SELECT 1'))
      await proxy.setMode('pass')
      expect(await watch.recovers()).toBeLessThan(1_000)
      expect(codesOf(await patient)).toEqual(['ok'])
    },
  ))

test('black hole after login: idle connections are asked before they are lent, so no borrower gets a dead one', () =>
  withFaultyNetwork(
    'black hole, idle connections',
    database,
    { pool: { max: 4, validateAfterIdleMs: 0, validationTimeoutMs: 100 }, hidesEnds: true },
    async (watch, proxy) => {
      await watch.warm(4)
      const old = watch.driver.processIds
      // Those that are there are lost for good; new ones get through.
      await proxy.setMode('black-hole')
      await proxy.setMode('pass')
      expect(await watch.recovers()).toBeLessThan(500)
      expect(codesOf(await many(4, () => watch.run('SELECT 1')))).toEqual(['ok'])
      expect(watch.refusedCount).toBe(0)
      await waitFor(() => !watch.driver.processIds.some((pid) => old.includes(pid)))
    },
  ))

test('black hole while leased: the give-back cancels what runs on the server, and the next borrower is served', () =>
  withFaultyNetwork(
    'black hole, leased connection',
    database,
    { pool: { max: 1, resetTimeoutMs: 100 }, hidesEnds: true },
    async (watch, proxy) => {
      const lease = await watch.acquire()
      const query = lease.client.query('SELECT pg_sleep(30)').then(
        () => 'answered',
        () => 'failed',
      )
      const running = (): Promise<number> =>
        database
          .query("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)' AND state = 'active'")
          .then((rows) => rows.length)
      await waitFor(async () => (await running()) === 1)
      await proxy.setMode('black-hole')
      const next = watch.run('SELECT 1')
      await proxy.setMode('pass')
      watch.release(lease)
      expect(await watch.recovers()).toBeLessThan(2_000)
      await next
      expect(await query).toBe('failed')
      await waitFor(async () => (await running()) === 0, { what: 'the statement to be cancelled' })
    },
  ))

test('half-open: nothing moves, deadlines hold all the same, and what arrives late harms nobody', () =>
  withFaultyNetwork(
    'half-open',
    database,
    {
      pool: { max: 3, connectTimeoutMs: 200, validateAfterIdleMs: 0, validationTimeoutMs: 100 },
      hidesEnds: true,
    },
    async (watch, proxy) => {
      await watch.warm(2)
      const lease = await watch.acquire()
      await proxy.setMode('half-open')
      const answer = lease.client.query<{ n: number }>('SELECT 7 AS n')
      const results = await many(6, () => watch.run('SELECT 1', { timeoutMs: 500 }))
      expect(codesOf(results)).toEqual([expect.stringMatching(/ACQUIRE_TIMEOUT|CONNECT_FAILED/)])
      await proxy.setMode('pass')
      expect((await answer).rows).toEqual([{ n: 7 }])
      watch.release(lease)
      expect(await watch.recovers()).toBeLessThan(1_000)
      expect(codesOf(await many(6, () => watch.run('SELECT 1')))).toEqual(['ok'])
    },
  ))

const manyRows = "SELECT repeat('x', 1000) FROM generate_series(1, 5000)"

test('reset in the middle of a row: the borrower is told, the connection is not lent again', () =>
  withFaultyNetwork('reset mid-row', database, { pool: { max: 2 } }, async (watch, proxy) => {
    await watch.warm(2)
    const old = watch.driver.processIds
    await proxy.setMode({ kind: 'trickle', bytesPerTick: 3_333, everyMs: 2 })
    const query = codeOf(watch.run(manyRows))
    await waitFor(() => proxy.connections().some(({ bytesToClient }) => bytesToClient > 10_000))
    proxy.resetConnections()
    await proxy.setMode('pass')
    expect(await query).toMatch(/ECONNRESET|OUTCOME_UNKNOWN/)
    expect(await watch.recovers()).toBeLessThan(500)
    expect(watch.driver.processIds.filter((pid) => old.includes(pid))).toEqual([])
  }))

test('cut in the middle of a row: the borrower learns that the outcome is unknown', () =>
  withFaultyNetwork('cut mid-row', database, { pool: { max: 2 } }, async (watch, proxy) => {
    await watch.warm(1)
    await proxy.setMode({ kind: 'cut', afterBytes: 2_500 })
    await expect(watch.run(manyRows)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    await proxy.setMode('pass')
    expect(await watch.recovers()).toBeLessThan(500)
  }))

test('100 ms of latency each way: everybody is served, in the time that the round trips take', () =>
  withFaultyNetwork('latency of 100 ms', database, { pool: { max: 4 } }, async (watch, proxy) => {
    await proxy.setMode({ kind: 'delay', delayMs: 100 })
    expect(codesOf(await many(8, () => watch.run('SELECT 1')))).toEqual(['ok'])
    expect(watch.count('connection-failed')).toBe(0)
    await proxy.setMode('pass')
    await watch.recovers()
  }))

test('5 s of latency: deadlines hold, idle connections are given up in time, and it recovers', () =>
  withFaultyNetwork(
    'latency of 5 s',
    database,
    { pool: { max: 3, connectTimeoutMs: 200, validateAfterIdleMs: 0, validationTimeoutMs: 150 } },
    async (watch, proxy) => {
      await watch.warm(3)
      await proxy.setMode({ kind: 'delay', delayMs: 5_000 })
      const startedAtMs = performance.now()
      const results = await many(6, () => watch.run('SELECT 1', { timeoutMs: 600 }))
      expect(performance.now() - startedAtMs).toBeLessThan(900)
      expect(codesOf(results)).toEqual(['CONNECT_FAILED'])
      await proxy.setMode('pass')
      expect(await watch.recovers()).toBeLessThan(1_000)
    },
  ))

test('trickle: a slow login and a slow result are waited for, one that is too slow is given up though bytes keep coming', () =>
  withFaultyNetwork(
    'trickle',
    database,
    { pool: { max: 2, connectTimeoutMs: 1_000 } },
    async (watch, proxy) => {
      await proxy.setMode({ kind: 'trickle', bytesPerTick: 40, everyMs: 2 })
      expect(await watch.run("SELECT repeat('y', 200) AS y")).toEqual([{ y: 'y'.repeat(200) }])
      await watch.pool.drain('to log in again')
      await proxy.setMode({ kind: 'trickle', bytesPerTick: 1, everyMs: 50 })
      const startedAtMs = performance.now()
      expect(codesOf(await many(2, () => watch.run('SELECT 1', { timeoutMs: 1_200 })))).toEqual([
        'CONNECT_FAILED',
      ])
      expect(performance.now() - startedAtMs).toBeLessThan(1_600)
      await proxy.setMode('pass')
      expect(await watch.recovers()).toBeLessThan(1_500)
    },
  ))
