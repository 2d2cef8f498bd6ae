import { randomUUID } from 'node:crypto'
import { Pool, type PoolClient } from 'pg'
import { fromContextManager } from '../../src/ferry/backend/from-context-manager'
import { fromDelegate } from '../../src/ferry/backend/from-delegate'
import { fromGetconn } from '../../src/ferry/backend/from-getconn'
import { fromPgPool } from '../../src/ferry/backend/from-pg-pool'
import type { BackendOptions, LegacyBackend } from '../../src/ferry/backend/legacy-backend'
import { testDatabase, type TestDatabase } from '../support/postgres'
import {
  describeLegacyBackendContract,
  maxConnections,
  type BenchOptions,
  type LegacyBackendBench,
} from './legacy-backend-contract'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

/** The pool that every manager here is built on. It counts, whatever stands between it and the adapter. */
type MakeBackend = (pool: Pool, options: Required<BackendOptions>) => LegacyBackend

const makeBench =
  (makeBackend: MakeBackend) =>
  ({ options, isRefused }: BenchOptions): LegacyBackendBench => {
    const application_name = `bench ${randomUUID()}`
    const pool = new Pool({
      ...database.connection,
      ...(isRefused ? { database: 'no_such_database' } : {}),
      application_name,
      max: maxConnections,
    })
    // What a failed case left out ends with the database, and must not end the process.
    pool.on('connect', (connection) => connection.on('error', () => undefined))
    const lent: object[] = []
    const back: { connection: object; isDiscarded: boolean }[] = []
    pool.on('acquire', (connection) => lent.push(connection))
    pool.on('release', (error: unknown, connection) => {
      back.push({ connection, isDiscarded: Boolean(error) })
    })
    return {
      backend: makeBackend(pool, options),
      log: { lent, back },
      async openCount() {
        const sql = 'SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = $1'
        const [row] = await database.query(sql, [application_name])
        return Number(row?.['count'])
      },
      async dispose() {
        if (pool.ending) return
        const ended = pool.end()
        // A case that failed may have left one out; its own error is the news, so nobody waits for that.
        if (lent.length === back.length) await ended
      },
    }
  }

const cannotCount = {
  'counts its connections: opening, lent, idle and closing': 'the manager tells nobody what it has open',
  'closes idle connections on request, resolves when they are closed, and says how many':
    'the manager has no way to close one that is idle',
} as const
const cannotClose = { 'closes the manager': 'how it is closed is not part of what was handed over' } as const

describeLegacyBackendContract(
  'fromPgPool',
  makeBench((pool, { clock }) => fromPgPool(pool, { clock })),
)

describeLegacyBackendContract(
  'fromGetconn',
  makeBench((pool, options) =>
    fromGetconn(
      {
        getconn: () => pool.connect(),
        putconn: (connection: PoolClient, _key?: never, close = false) => {
          connection.release(close)
        },
        closeall: () => pool.end(),
      },
      options,
    ),
  ),
  cannotCount,
)

describeLegacyBackendContract(
  'fromContextManager',
  makeBench((pool, options) =>
    fromContextManager(async (work) => {
      const connection = await pool.connect()
      try {
        const result = await work(connection)
        connection.release()
        return result
      } catch (error) {
        connection.release(true)
        throw error
      }
    }, options),
  ),
  { ...cannotCount, ...cannotClose },
)

describeLegacyBackendContract(
  'fromDelegate, released at the delegate',
  makeBench((pool, options) =>
    fromDelegate(
      {
        getDbConnection: () => pool.connect(),
        releaseDbConnection: (connection: PoolClient, error?: unknown) => {
          connection.release(Boolean(error))
        },
      },
      { acquire: 'getDbConnection', release: 'releaseDbConnection' },
      options,
    ),
  ),
  { ...cannotCount, ...cannotClose },
)

describeLegacyBackendContract(
  'fromDelegate, released at the connection',
  makeBench((pool, options) =>
    fromDelegate({ take: () => pool.connect() }, { acquire: 'take', release: 'release' }, options),
  ),
  { ...cannotCount, ...cannotClose },
)

/** Holds nothing before it is opened, and gives back what it has opened. */
class TwoStepHandle {
  #connection: PoolClient | undefined

  constructor(readonly pool: Pool) {}

  async open(): Promise<PoolClient> {
    this.#connection = await this.pool.connect()
    return this.#connection
  }

  done(error?: unknown): void {
    this.#connection?.release(Boolean(error))
  }
}

describeLegacyBackendContract(
  'fromDelegate with a handle that is opened in a second step',
  makeBench((pool, options) =>
    fromDelegate({ handle: () => new TwoStepHandle(pool) }, { acquire: 'handle', release: 'done' }, options),
  ),
  { ...cannotCount, ...cannotClose },
)
