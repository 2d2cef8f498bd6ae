import type { Pool } from 'pg'
import type { DelegatePool } from './db/delegate-pool'
import type { InfraDelegate } from './db/infra-delegate'
import { createLegacyDatabase } from './db/legacy-database'
import type { ResilientPoolManager } from './db/resilient-pool-manager'

const database = createLegacyDatabase('core', process.env)

export const infra: InfraDelegate = database.infra
export const pools: ResilientPoolManager = database.pools
export const delegatePool: DelegatePool = database.delegatePool
export const pool: Pool = database.pool

/** Closes every connection of this package. */
export const closeDatabase = (): Promise<void> => database.close()
