import { EventEmitter } from 'node:events'
import type { ClientBase } from 'pg'
import type { Connection } from '../../../src/core/connection'
import { createMockDriver } from '../../../src/pool/mock-pool'
import { MockServer } from '../../../src/pool/mock-server'
import { resolvePoolOptions } from '../../../src/pool/pool-options'
import type { AcquireRequest, PooledConnection, PoolStrategy } from '../../../src/pool/pool-strategy'
import { ResilientPoolStrategy } from '../../../src/pool/resilient/resilient-pool'
import { Purpose } from '../../../src/service/purposes'
import { Route } from '../../../src/service/route'
import { ServiceDatabase } from '../../../src/service/service-database'
import type { ResolvedDatabase, ResolvedPurpose } from '../../../src/service/service-options'
import { SharedStatements } from '../../../src/service/shared-statements'
import { FakeClock, settle } from '../../support/fake-clock'

/** A client that can be shared and never answers. */
function createShareableClient(): ClientBase {
  const client = Object.assign(new EventEmitter(), {
    _sentQueryQueue: [],
    processID: 1,
    _types: { getTypeParser: () => String },
    connection: Object.assign(new EventEmitter(), {
      stream: Object.assign(new EventEmitter(), { writable: true, write: () => true }),
    }),
    query: () => undefined,
    _queryable: true,
  })
  return client as unknown as ClientBase
}

interface StageOptions {
  readonly purposeMax?: number
  readonly strategy?: (clock: FakeClock) => PoolStrategy
}

function createStage({ purposeMax = 5, strategy: make }: StageOptions = {}) {
  const clock = new FakeClock()
  const server = new MockServer(clock)
  const pool = resolvePoolOptions({ max: 3 })
  const strategy =
    make?.(clock) ??
    new ResilientPoolStrategy(
      { connection: {}, pool: { max: 3 } },
      { clock, random: () => 0.5, driver: createMockDriver(server) },
    )
  const database = new ServiceDatabase({ name: 'main', pool } as unknown as ResolvedDatabase, strategy, clock)
  const purpose = new Purpose(
    { name: 'web', max: purposeMax, readOnly: false, acquireTimeoutMs: 1_000 } as unknown as ResolvedPurpose,
    clock,
  )
  const keeper = { now: () => clock.now(), turnNow: () => clock.now(), remove: () => undefined }
  const route = new Route(purpose, database, { keeper, clock })
  const exclusive: string[] = []
  const connection = Object.assign(new EventEmitter(), {
    _queryable: true,
    query: (text: string) => {
      exclusive.push(text)
      return Promise.resolve({ rows: [{ text }] })
    },
    discard: () => undefined,
  }) as unknown as Connection
  const statements = new SharedStatements({
    clock,
    explain: (error) => error,
    onWait: () => undefined,
    onLease: (_route, work) => work(connection),
  })
  return { clock, server, strategy, database, purpose, route, statements, exclusive }
}

/** A pool of shareable clients; `answers` says for each acquire what becomes of it. */
function createStubStrategy(overrides: Partial<PoolStrategy> = {}) {
  const released: string[] = []
  const requests: AcquireRequest[] = []
  const lend = (): PooledConnection => ({ client: createShareableClient(), id: requests.length })
  const strategy = {
    kind: 'stub',
    acquire: (request: AcquireRequest) => {
      requests.push(request)
      return Promise.resolve(lend())
    },
    release: (_: PooledConnection, outcome: string) => released.push(outcome),
    stats: () => ({ total: 0, idle: 0, leased: 0, opening: 0, resetting: 0, closing: 0, waiting: 0, max: 3 }),
    close: () => Promise.resolve(),
    ...overrides,
  } as unknown as PoolStrategy
  return { strategy, released, requests, lend }
}

test('where connections cannot be shared, they go back at once and statements take leases', async () => {
  const { statements, route, purpose, strategy, exclusive } = createStage()
  const { rows } = await statements.query(route, 'SELECT 1', undefined, {})
  expect(rows).toHaveLength(1)
  expect(exclusive).toHaveLength(1)
  expect(strategy.stats()).toMatchObject({ leased: 0 })
  expect(purpose.stats()).toMatchObject({ leased: 0 })
  await statements.query(route, 'SELECT 2', undefined, {})
  expect(exclusive).toHaveLength(2)
  await statements.close()
  await strategy.close()
})

test('a shared connection is a lease of the purpose, asked for as one', async () => {
  const { strategy, released, requests } = createStubStrategy()
  const { statements, route, purpose } = createStage({ strategy: () => strategy })
  const sent = statements.query(route, 'SELECT 1', undefined, {}).catch((error: unknown) => error)
  await settle()
  expect(requests).toMatchObject([{ purpose: 'web', timeoutMs: 1_000, readOnly: false }])
  expect(purpose.stats()).toMatchObject({ leased: 1, acquired: 1 })
  statements.abandon()
  expect(released).toEqual(['discard'])
  expect(purpose.stats()).toMatchObject({ leased: 0 })
  statements.abandon()
  expect(released).toEqual(['discard'])
  void sent
})

test('an idle connection is shared without waiting, and where there is none the place is given up', async () => {
  const stub = createStubStrategy()
  const idle = [stub.lend()]
  const { strategy } = createStubStrategy({
    tryAcquire: () => idle.shift(),
    acquire: () => Promise.reject(new Error('not asked for')),
  })
  const { statements, route, purpose } = createStage({ strategy: () => strategy, purposeMax: 1 })
  void statements.query(route, 'SELECT 1', undefined, {}).catch(() => undefined)
  expect(purpose.stats()).toMatchObject({ leased: 1 })
  statements.abandon()
  expect(purpose.tryEnter()).toBe(true)
})

test('a connection that cannot be had leaves the place of the purpose free', async () => {
  const refusal = new Error('the database is down')
  const { strategy } = createStubStrategy({
    acquire: () => Promise.reject(refusal),
    tryAcquire: () => undefined,
  })
  const { statements, route, purpose } = createStage({ strategy: () => strategy, purposeMax: 1 })
  await expect(statements.query(route, 'SELECT 1', undefined, {})).rejects.toBe(refusal)
  expect(purpose.tryEnter()).toBe(true)
  expect(purpose.tryEnter()).toBe(false)
  await statements.close()
})

test('statements wait for a place of their purpose, and at a closed door', async () => {
  const { strategy, requests } = createStubStrategy()
  const { statements, route, purpose, database } = createStage({ strategy: () => strategy, purposeMax: 1 })
  expect(purpose.tryEnter()).toBe(true)
  void statements.query(route, 'SELECT 1', undefined, {}).catch(() => undefined)
  await settle()
  expect(requests).toHaveLength(0)
  database.suspend()
  expect(database.isHeldBack).toBe(true)
  purpose.leave()
  await settle()
  expect(requests).toHaveLength(0)
  database.resume()
  await settle()
  expect(requests).toHaveLength(1)
  statements.abandon()
})

test('a closed door is told of when the wait for it ends', async () => {
  const { strategy } = createStubStrategy()
  const { statements, route, database, purpose, clock } = createStage({
    strategy: () => strategy,
    purposeMax: 1,
  })
  database.suspend()
  const refused = statements.query(route, 'SELECT 1', undefined, {}).catch((error: unknown) => error)
  await clock.advance(1_000)
  expect(await refused).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
  expect(purpose.tryEnter()).toBe(true)
})

test('once closed, statements are refused', async () => {
  const { statements, route, strategy } = createStage()
  await statements.query(route, 'SELECT 1', undefined, {})
  await statements.close()
  await expect(statements.query(route, 'SELECT 1', undefined, {})).rejects.toMatchObject({
    code: 'POOL_CLOSED',
  })
  await strategy.close()
})
