// The wiring of one package, in place of its old src/database.ts. This is the one for `portals`; in the other packages only
// the name differs. Everything that the call sites import keeps its name, so not one of them changes.
import { Pool } from 'pg'
import { createConnectionService } from 'pgferry'
import { createFerry, fileFlags, fromPgPool } from 'pgferry/legacy'

const component = 'portals'

const { DATABASE_URL: url, PGFERRY_FLAGS: flagsFile = 'pgferry-flags.json', DB_POOL_MAX = '10' } = process.env
if (url === undefined)
  throw new Error('DATABASE_URL is not set; expected a URL such as postgres://user@127.0.0.1:5432/name')

const maxConnections = Number(DB_POOL_MAX)

/** The pool that this package always had, with the settings that it always had. */
const legacyPool = new Pool({
  connectionString: url,
  max: maxConnections,
  connectionTimeoutMillis: 10_000,
  application_name: `legacy-app/${component}`,
})
legacyPool.on('error', (error) => {
  console.error(`${component}: an idle connection failed: ${error.message}`)
})

/** The service that stays. */
const service = createConnectionService({
  databases: {
    connection: { connectionString: url, application_name: `pgferry/${component}` },
    pool: { max: maxConnections },
  },
  purposes: { [component]: {} },
})

// Watched: a change is seen at the next unit of work.
const flags = fileFlags(flagsFile)

// In the order of crossing. The stage bounds what flags may do: `live` allows 0 to 100 %.
const order = ['test-systems', 'scripts', 'rag-adapters', 'portals', 'core'] as const

export const ferry = createFerry({
  service,
  legacy: fromPgPool(legacyPool),
  flags,
  // The old manager lets callers wait for a connection; so `getconn()` goes on doing that.
  components: order.map((name) => ({
    name,
    stage: 'live',
    purpose: component,
    pools: { parity: 'waiting' },
  })),
  // Both pools together never open more than one of them did.
  budget: { maxConnections },
})

export const { infra, pools, delegatePool, pgPool: pool, connections } = ferry.component(component)

/** Runs one job or request so that all of its connections come from one side. */
export function unitOfWork<T>(work: () => T | Promise<T>): Promise<T> {
  return ferry.unitOfWork(component, work)
}

/** Closes every connection of this package. */
export async function closeDatabase(): Promise<void> {
  await ferry.close()
  await flags.close()
  await service.close()
  if (!legacyPool.ended) await legacyPool.end()
}
