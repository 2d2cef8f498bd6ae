import type { Pool } from 'pg'
import { createLegacyDatabase, type DelegatePool, type InfraDelegate, type ResilientPoolManager } from '@legacy-app/core'

const database = createLegacyDatabase('portals', process.env)

export const infra: InfraDelegate = database.infra
export const pools: ResilientPoolManager = database.pools
export const delegatePool: DelegatePool = database.delegatePool
export const pool: Pool = database.pool

/** Closes every connection of this package. */
export const closeDatabase = (): Promise<void> => database.close()
