import { Pool as StockPool, type PoolConfig } from 'pg'
import { createConnectionService } from '../../src/index'
import { Pool } from '../../src/pg'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'

/** A pool that libraries are run on: the class users know, and what this project offers in its place. */
interface PoolSubject {
  readonly name: string
  /** Whether a connection is one and the same object for every borrower, as in `pg.Pool`. */
  readonly keepsClients: boolean
  makePool(options: PoolConfig): StockPool
}

/** Every test of a library runs on each of these; the first is the measure for the others. */
const subjects: readonly PoolSubject[] = [
  { name: 'pg.Pool', keepsClients: true, makePool: (options) => new StockPool(options) },
  { name: 'Pool of pgferry/pg', keepsClients: true, makePool: (options) => new Pool(options) },
  {
    name: 'Pool of pgferry/pg at its strictest',
    keepsClients: false,
    makePool: (options) =>
      new Pool({ ...options, handles: 'lease', resetSession: 'when-dirty', validateAfterIdleMs: 0 }),
  },
  { name: 'the pgPool of a service', keepsClients: false, makePool: createServicePool },
]

/** Ending the pool ends its service as well here, so that it can be looked for what is left behind. */
function createServicePool({ max, ...connection }: PoolConfig): StockPool {
  const service = createConnectionService({
    databases: { connection, ...(max !== undefined && { pool: { max } }) },
  })
  const pool = service.pgPool()
  const end = pool.end.bind(pool)
  const endBoth = async (callback?: () => void): Promise<void> => {
    await end()
    await service.close()
    callback?.()
  }
  Object.defineProperty(pool, 'end', { value: endBoth })
  return pool
}

/** What a test of a library works with. Whatever it makes here is looked at and taken down after the test. */
export interface ClientRig extends Pick<PoolSubject, 'keepsClients'> {
  readonly database: TestDatabase
  /** A pool on the rig's database; `max` is 4 unless `options` say otherwise. */
  pool(options?: PoolConfig): StockPool
  /** Remembers how to shut the library down; runs after the pools were seen without a borrower, before they are ended. */
  beforeEnd(shutDown: () => unknown): void
  /** Forgets the `error` events so far: for a test that kills a connection, where a pool may or may not report it. */
  allowPoolErrors(): void
}

/** Runs `describeLibrary` once for each kind of pool, and after each test asserts that the library left nothing behind. */
export function describeOnEachPool(library: string, describeLibrary: (rig: ClientRig) => void): void {
  describe.each(subjects)(`${library} on $name`, ({ makePool, keepsClients }) => {
    let database: TestDatabase
    let pools: StockPool[] = []
    let shutDowns: (() => unknown)[] = []
    let poolErrors: Error[] = []

    beforeAll(async () => {
      database = await testDatabase()
    })
    beforeEach(() => {
      poolErrors = []
    })
    afterEach(async () => {
      const used = { pools, shutDowns }
      // Before anything is asserted: what one test left behind must not fail the next.
      pools = []
      shutDowns = []
      await expectNothingBorrowed(used.pools, database)
      for (const shutDown of used.shutDowns) await shutDown()
      await expectEnd(used.pools, database)
      expect(poolErrors).toEqual([])
    })
    afterAll(() => database.close())

    describeLibrary({
      keepsClients,
      get database() {
        return database
      },
      pool: (options) => {
        const pool = makePool({ ...database.connection, max: 4, ...options })
        pool.on('error', (error) => poolErrors.push(error))
        pools.push(pool)
        return pool
      },
      beforeEnd: (shutDown) => shutDowns.push(shutDown),
      allowPoolErrors: () => {
        poolErrors = []
      },
    })
  })
}

/** The pools have every connection back, and none of them has a transaction open on the server. */
async function expectNothingBorrowed(pools: readonly StockPool[], database: TestDatabase): Promise<void> {
  await waitFor(() => pools.every((pool) => pool.totalCount === pool.idleCount && pool.waitingCount === 0), {
    what: 'every client given back',
  })
  // A client that was thrown away may still be ending on the server; what stays in a transaction was left there.
  await waitFor(async () => (await openTransactions(database)).length === 0, {
    what: 'no transaction left open',
  })
}

/** The pools end in time, and with them every session. */
async function expectEnd(pools: readonly StockPool[], database: TestDatabase): Promise<void> {
  const ends = Promise.all(pools.filter((pool) => !pool.ending).map((pool) => pool.end()))
  let hasEnded = false
  void ends.then(() => {
    hasEnded = true
  })
  await waitFor(() => hasEnded && pools.every((pool) => pool.ended), {
    timeoutMs: 3000,
    what: 'end() resolved',
  })
  await waitFor(async () => (await database.connectionCount()) === 0, { what: 'no session left' })
}

async function openTransactions(database: TestDatabase): Promise<readonly unknown[]> {
  return database.query(
    `SELECT query FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend'
       AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`,
  )
}
