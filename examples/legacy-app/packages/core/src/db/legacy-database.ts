import { Pool } from 'pg'
import { DelegatePool } from './delegate-pool'
import { InfraDelegate } from './infra-delegate'
import { ResilientPoolManager } from './resilient-pool-manager'

/** The four ways into the database that a package gets; they share one pool. */
export interface LegacyDatabase {
  readonly pool: Pool
  readonly infra: InfraDelegate
  readonly pools: ResilientPoolManager
  readonly delegatePool: DelegatePool
  close(): Promise<void>
}

/**
 * Wires up the database of one component. Reads `DATABASE_URL` and `DB_POOL_MAX` (default 10).
 *
 * @throws Error when `DATABASE_URL` is missing or `DB_POOL_MAX` is not a positive whole number.
 */
export function createLegacyDatabase(component: string, env: NodeJS.ProcessEnv): LegacyDatabase {
  const connectionString = env.DATABASE_URL
  if (connectionString === undefined || connectionString === '') {
    throw new Error('DATABASE_URL is not set; expected a URL such as postgres://user@127.0.0.1:5432/name')
  }
  const max = Number(env.DB_POOL_MAX ?? '10')
  if (!Number.isInteger(max) || max < 1) {
    throw new Error(`DB_POOL_MAX is "${env.DB_POOL_MAX}"; expected a positive whole number`)
  }
  const pool = new Pool({
    connectionString,
    max,
    connectionTimeoutMillis: 10_000,
    application_name: `legacy-app/${component}`,
  })
  pool.on('error', (error) => console.error(`${component}: an idle connection failed: ${error.message}`))
  const infra = new InfraDelegate(pool)
  const pools = new ResilientPoolManager(pool)
  const delegatePool = new DelegatePool(infra)
  return {
    pool,
    infra,
    pools,
    delegatePool,
    async close() {
      await delegatePool.closeall()
      await pools.closeall()
    },
  }
}
