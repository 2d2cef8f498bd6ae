import { Client, Pool, type PoolClient } from 'pg'
import type { ConnectionEvent } from '../../src/core/events'
import { fromContextManager } from '../../src/ferry/backend/from-context-manager'
import { fromPgPool } from '../../src/ferry/backend/from-pg-pool'
import type { LegacyBackend } from '../../src/ferry/backend/legacy-backend'
import { createFerry, type FerryComponent } from '../../src/ferry/create-ferry'
import { staticFlags } from '../../src/ferry/flags/static-flags'
import type { Side } from '../../src/ferry/catalog/side'
import { createConnectionService } from '../../src/service/create-connection-service'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
  await database.query('CREATE TABLE note (id serial PRIMARY KEY, text text UNIQUE)')
})

afterAll(async () => {
  await database.close()
})

interface Outcome {
  readonly rows?: unknown
  readonly error?: { readonly name: string; readonly code: unknown; readonly message: string }
}

async function outcomeOf(act: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { rows: await act() }
  } catch (error) {
    const { name, code, message } = error as Error & { code?: unknown }
    return { error: { name, code, message } }
  }
}

const first = (result: { rows: unknown[] }): unknown => result.rows[0]

/** A call site as it was written for the old application: with `pg`'s own type. */
async function countNotes(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM note')
  return rows[0]?.count ?? -1
}

type Call = (component: FerryComponent) => Promise<unknown>

/** The same calls in the legacy APIs and in the new one; equal keys must give equal outcomes. */
const legacyCalls: Readonly<Record<string, readonly Call[]>> = {
  rows: [
    ({ infra }) => infra.getDbConnection(async (c) => first(await c.query('SELECT 1 AS one'))),
    async ({ infra }) => {
      const c = await infra.getDbConnection()
      try {
        return first(await c.query('SELECT 1 AS one'))
      } finally {
        await infra.releaseDbConnection(c)
      }
    },
    async ({ pools }) => {
      const c = await pools.getconn('k')
      try {
        return first(await c.query('SELECT 1 AS one'))
      } finally {
        pools.putconn(c, 'k')
      }
    },
    ({ pools }) => pools.withConnection(async (c) => first(await c.query('SELECT 1 AS one'))),
    async ({ delegatePool }) => {
      const c = await delegatePool.getconn()
      try {
        return first(await c.query('SELECT 1 AS one'))
      } finally {
        await delegatePool.putconn(c)
      }
    },
    async ({ pgPool }) => first(await pgPool.query('SELECT 1 AS one')),
    ({ pgPool }) =>
      new Promise((resolve, reject) => {
        pgPool.connect((error, client, done) => {
          if (client === undefined) {
            reject(error ?? new Error('no client'))
            return
          }
          client.query('SELECT 1 AS one', (failure: Error | null, result) => {
            done()
            if (failure === null) resolve(first(result))
            else reject(failure)
          })
        })
      }),
  ],
  'sql error': [
    ({ infra }) => infra.getDbConnection((c) => c.query('SELECT nonsense')),
    ({ pgPool }) => pgPool.query('SELECT nonsense'),
    ({ pools }) => pools.withConnection((c) => c.query('SELECT nonsense')),
  ],
  'open transaction at give-back': [
    async ({ infra }) => {
      const c = await infra.getDbConnection()
      await c.query('BEGIN')
      await c.query("INSERT INTO note (text) VALUES ('never')")
      await infra.releaseDbConnection(c)
      return infra.getDbConnection(countNotes)
    },
    async ({ pools }) => {
      const c = await pools.getconn()
      await c.query('BEGIN')
      await c.query("INSERT INTO note (text) VALUES ('never')")
      await c.query('SELECT nonsense').catch(() => undefined)
      pools.putconn(c)
      return pools.withConnection(countNotes)
    },
  ],
  'use after give-back': [
    async ({ infra }) => {
      const c = await infra.getDbConnection()
      await infra.releaseDbConnection(c)
      return c.query('SELECT 1')
    },
    async ({ pgPool }) => {
      const c = await pgPool.connect()
      c.release()
      return c.query('SELECT 1')
    },
  ],
  'is a pg client': [
    ({ infra }) => infra.getDbConnection((c) => Promise.resolve(c instanceof Client)),
    ({ pgPool }) => Promise.resolve(pgPool instanceof Pool),
  ],
}

const newCalls: Readonly<Record<string, readonly Call[]>> = {
  rows: [
    async ({ connections }) => {
      await using c = await connections.connection()
      return first(await c.query('SELECT 1 AS one'))
    },
    ({ connections }) =>
      connections.withConnection('general', async (c) => first(await c.query('SELECT 1 AS one'))),
    ({ connections }) =>
      connections.withTransaction('general', async (c) => first(await c.query('SELECT 1 AS one'))),
    async ({ connections }) => first(await connections.query('SELECT $1::int AS one', [1])),
    async ({ connections }) => {
      const c = await connections.acquireConnection()
      try {
        return first(await c.query('SELECT 1 AS one'))
      } finally {
        connections.releaseConnection(c)
      }
    },
  ],
  'sql error': [
    ({ connections }) => connections.query('SELECT nonsense'),
    ({ connections }) => connections.withTransaction('general', (c) => c.query('SELECT nonsense')),
  ],
  'open transaction at give-back': [
    async ({ connections }) => {
      await connections.withConnection('general', async (c) => {
        await c.query('BEGIN')
        await c.query("INSERT INTO note (text) VALUES ('never')")
      })
      return connections.withConnection('general', countNotes)
    },
  ],
  'use after give-back': [
    async ({ connections }) => {
      const c = await connections.acquireConnection()
      connections.releaseConnection(c)
      return c.query('SELECT 1')
    },
  ],
  'is a pg client': [
    ({ connections }) => connections.withConnection('general', (c) => Promise.resolve(c instanceof Client)),
  ],
}

function createBench(side: Side, legacy: (pool: Pool) => LegacyBackend) {
  const pool = new Pool({ ...database.connection, max: 2 })
  const service = createConnectionService({ databases: { connection: database.url, pool: { max: 2 } } })
  const events: ConnectionEvent[] = []
  const ferry = createFerry(
    {
      service,
      legacy: legacy(pool),
      flags: staticFlags({ portals: side === 'service' ? 1 : 0 }),
      components: [{ name: 'portals', stage: 'live' }],
      budget: { maxConnections: 3 },
    },
    { events: (event) => events.push(event) },
  )
  return {
    ferry,
    component: ferry.component('portals'),
    events,
    async close() {
      await ferry.close()
      await Promise.all([service.close(), pool.end()])
    },
  }
}

const backends: Readonly<Record<string, (pool: Pool) => LegacyBackend>> = {
  'a pg.Pool': (pool) => fromPgPool(pool),
  'a context manager': (pool) =>
    fromContextManager(async (work) => {
      const client = await pool.connect()
      try {
        return await work(client)
      } finally {
        client.release()
      }
    }),
}

const apis = { legacy: legacyCalls, new: newCalls }

describe.each(Object.keys(backends))('with %s behind the legacy side', (backend) => {
  test('both APIs on both sides give equal results and leave nothing out', async () => {
    const seen: Record<string, Map<string, string[]>> = {}
    for (const side of ['legacy', 'service'] as const) {
      const bench = createBench(side, backends[backend] as (pool: Pool) => LegacyBackend)
      for (const [api, calls] of Object.entries(apis)) {
        for (const [name, ways] of Object.entries(calls)) {
          for (const [index, call] of ways.entries()) {
            const outcome = JSON.stringify(await outcomeOf(() => call(bench.component)))
            const outcomes = (seen[name] ??= new Map<string, string[]>())
            outcomes.set(outcome, [
              ...(outcomes.get(outcome) ?? []),
              `${api} API, way ${index}, ${side} side`,
            ])
          }
        }
      }
      const { leases, acquires } = bench.ferry.status().components[0]!
      expect(leases).toEqual({ legacy: 0, service: 0 })
      expect(acquires[side].failures).toBe(0)
      expect(acquires[side === 'legacy' ? 'service' : 'legacy'].attempts).toBe(0)
      await bench.close()
    }
    for (const [name, outcomes] of Object.entries(seen))
      expect({ name, outcomes: [...outcomes] }).toMatchObject({ name, outcomes: [expect.anything()] })
    expect(
      Object.fromEntries(
        Object.entries(seen).map(([name, outcomes]) => [name, JSON.parse([...outcomes.keys()][0]!)]),
      ),
    ).toMatchObject({
      rows: { rows: { one: 1 } },
      'sql error': { error: { code: '42703' } },
      'open transaction at give-back': { rows: 0 },
      'use after give-back': { error: { code: 'LEASE_ENDED' } },
      'is a pg client': { rows: true },
    })
    await waitFor(async () => (await database.connectionCount()) === 0)
  })
})

test('a flip under load moves new units, loses none and never exceeds the budget', async () => {
  const pool = new Pool({ ...database.connection, max: 3 })
  const service = createConnectionService({ databases: { connection: database.url, pool: { max: 3 } } })
  const flags = staticFlags({ portals: 0 })
  const ferry = createFerry({
    service,
    legacy: fromPgPool(pool),
    flags,
    components: [{ name: 'portals', stage: 'live' }],
    budget: { maxConnections: 3 },
  })
  const { infra } = ferry.component('portals')
  let greatest = 0
  const unit = () =>
    ferry.unitOfWork('portals', async () => {
      await infra.getDbConnection(async (c) => {
        await c.query('SELECT 1')
        greatest = Math.max(greatest, ferry.status().budget?.used ?? 0, await database.connectionCount())
      })
    })
  for (const share of [0, 0.5, 1, 0]) {
    flags.set('portals', share)
    await Promise.all(Array.from({ length: 12 }, unit))
  }
  const { units, leases } = ferry.status().components[0]!
  expect(units.legacy + units.service).toBe(48)
  expect(units.service).toBeGreaterThanOrEqual(12)
  expect(leases).toEqual({ legacy: 0, service: 0 })
  expect(greatest).toBe(3)
  await ferry.close()
  await Promise.all([service.close(), pool.end()])
})
