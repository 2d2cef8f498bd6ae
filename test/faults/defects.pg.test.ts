import type { ClientConfig } from 'pg'
import { systemClock } from '../../src/core/clock'
import type { Connection } from '../../src/core/connection'
import type { ConnectionEvent } from '../../src/core/events'
import type { ConnectionSource } from '../../src/pool/connection-target'
import type { PoolOptions } from '../../src/pool/pool-options'
import { createConnectionService } from '../../src/service/create-connection-service'
import { createFaultProxy } from '../../src/testing/fault-proxy'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'
import { codeOf, codesOf, many } from './support/outcomes'
import { watchProcess } from './support/process-watch'

/** What other pools are known for (numbers P1 to P10), each shown not to be so here. */
let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const createService = (pool: PoolOptions = {}, connection: ConnectionSource = { ...database.connection }) => {
  const events: ConnectionEvent[] = []
  const service = createConnectionService(
    { databases: { connection, pool } },
    { onEvent: (event) => events.push(event) },
  )
  return { service, events, stats: () => Object.values(service.stats().databases)[0] }
}

const pidOf = async (connection: Connection): Promise<number> =>
  (await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid ?? 0

const isRunning = async (sql: string): Promise<boolean> =>
  (await database.query("SELECT 1 FROM pg_stat_activity WHERE query = $1 AND state = 'active'", [sql]))
    .length > 0

test('P1: transaction, SET, temporary table, advisory lock and LISTEN do not reach the next borrower', async () => {
  const { service, events } = createService({ max: 1 })
  const pid = await service.withConnection('general', async (connection) => {
    await connection.query("SET search_path TO 'elsewhere'")
    await connection.query('CREATE TEMP TABLE mine (n int)')
    await connection.query('SELECT pg_advisory_lock(42)')
    await connection.query('LISTEN news')
    await connection.query('BEGIN')
    return pidOf(connection)
  })
  await service.withConnection('general', async (connection) => {
    expect(await pidOf(connection)).toBe(pid)
    expect(connection.getTransactionStatus()).toBe('I')
    const { rows } = await connection.query(
      `SELECT current_setting('search_path') AS path, to_regclass('pg_temp.mine') AS mine,
        (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
        (SELECT count(*)::int FROM pg_listening_channels()) AS channels`,
    )
    expect(rows).toEqual([{ path: '"$user", public', mine: null, locks: 0, channels: 0 }])
  })
  const kinds = events.map(({ kind }) => kind)
  expect(kinds).toEqual(expect.arrayContaining(['open-transaction-rolled-back', 'session-state-reset']))
  await service.close()
})

test('P2: callers who wait when the service is closed are told so', async () => {
  const { service } = createService({ max: 1 })
  const held = await service.acquireConnection()
  const waiting = many(3, () => service.connection())
  await waitFor(() => service.stats().purposes['general']?.waiting === 3)
  const closed = service.close()
  expect(codesOf(await waiting)).toEqual(['POOL_CLOSED'])
  service.releaseConnection(held)
  await closed
})

test('P3: a connection killed while its borrower awaits something else ends nothing but itself', async () => {
  const observed = watchProcess()
  const { service, stats } = createService({ max: 1 })
  const connection = await service.acquireConnection()
  const ended = new Promise((resolve) => connection.once('end', resolve))
  await database.query('SELECT pg_terminate_backend($1)', [await pidOf(connection)])
  await ended
  expect(await codeOf(connection.query('SELECT 1'))).not.toBe('ok')
  service.releaseConnection(connection)
  await service.query('SELECT 1')
  expect(stats()?.total).toBe(1)
  await service.close()
  observed.stop()
  expect(observed.failures).toEqual([])
})

test('P4: a burst of 50 short statements with one idle connection opens few', async () => {
  // A login that costs something, as over the sea with TLS: ten at once help nobody.
  const connection = async (): Promise<ClientConfig> => {
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, 200))
    return { ...database.connection }
  }
  const { service, events } = createService({ max: 10 }, connection)
  const ask = (): Promise<unknown> => service.withConnection('general', (c) => c.query('SELECT 1'))
  // It learns how long a lease lasts.
  for (let count = 0; count < 100; count++) await ask()
  expect(codesOf(await many(50, ask))).toEqual(['ok'])
  expect(events.filter(({ kind }) => kind === 'connection-opened').length).toBeLessThanOrEqual(5)
  await service.close()
})

test('P5: connections that were opened together do not end together', async () => {
  const { service, events, stats } = createService({ max: 8, maxLifetimeMs: 600, lifetimeJitter: 0.5 })
  const endedAtMs: number[] = []
  const held = await Promise.all(Array.from({ length: 8 }, () => service.acquireConnection()))
  for (const connection of held) service.releaseConnection(connection)
  const countClosed = (): number => events.filter(({ kind }) => kind === 'connection-closed').length
  await waitFor(
    () => {
      while (endedAtMs.length < countClosed()) endedAtMs.push(performance.now())
      return stats()?.total === 0
    },
    { intervalMs: 1 },
  )
  expect(Math.max(...endedAtMs) - Math.min(...endedAtMs)).toBeGreaterThan(50)
  await service.close()
})

test('P6: released while a statement runs: the next borrower does not wait for it', async () => {
  const { service, events } = createService({ max: 2 })
  const connection = await service.acquireConnection()
  const left = codeOf(connection.query('SELECT pg_sleep(0.6)'))
  service.releaseConnection(connection)
  const startedAtMs = performance.now()
  await service.withConnection('general', (next) => next.query('SELECT 1'))
  expect(performance.now() - startedAtMs).toBeLessThan(300)
  expect(events.map(({ kind }) => kind)).toContain('released-while-busy')
  await left
  await service.close()
})

test('P7: a connection that was given back does nothing more', async () => {
  const { service } = createService({ max: 1 })
  const connection = await service.acquireConnection()
  service.releaseConnection(connection)
  await database.query('CREATE TABLE IF NOT EXISTS late (n int)')
  expect(await codeOf(connection.query('INSERT INTO late VALUES (1)'))).toBe('LEASE_ENDED')
  expect(() => {
    service.releaseConnection(connection)
  }).toThrow(expect.objectContaining({ code: 'LEASE_ENDED' }))
  expect(await database.query('SELECT * FROM late')).toEqual([])
  await service.close()
})

test('P8: an idle connection behind a black hole is not handed out', async () => {
  await using proxy = await createFaultProxy({ target: database.connection })
  const { service } = createService(
    { max: 2, validateAfterIdleMs: 0, validationTimeoutMs: 100 },
    { ...database.connection, port: proxy.port },
  )
  await service.withConnection('general', (connection) => connection.query('SELECT 1'))
  await proxy.setMode('black-hole')
  await proxy.setMode('pass')
  const startedAtMs = performance.now()
  await service.withConnection('general', (connection) => connection.query('SELECT 1'))
  expect(performance.now() - startedAtMs).toBeLessThan(500)
  await service.close()
})

test('P9: a server that is down is asked a few times in 300 ms, not hundreds', async () => {
  await using proxy = await createFaultProxy({ target: database.connection })
  await proxy.setMode('refuse')
  const { service, events } = createService({ max: 10 }, { ...database.connection, port: proxy.port })
  const code = await codeOf(service.connection('general', { timeoutMs: 300 }))
  expect(code).toBe('CONNECT_FAILED')
  expect(events.filter(({ kind }) => kind === 'connection-failed').length).toBeLessThan(15)
  await service.close()
})

test('P10: a busy connection given back with an error is cancelled on the server too', async () => {
  const { service } = createService({ max: 1 })
  const connection = await service.acquireConnection()
  const sql = 'SELECT pg_sleep(29)'
  const left = codeOf(connection.query(sql))
  await waitFor(() => isRunning(sql))
  service.releaseConnection(connection, new Error('the borrower has had enough'))
  await waitFor(async () => !(await isRunning(sql)), { timeoutMs: 2_000 })
  expect(await left).not.toBe('ok')
  await service.withConnection('general', (next) => next.query('SELECT 1'))
  await service.close()
})
