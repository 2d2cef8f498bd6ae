import type { LegacyBackend } from '../backend/legacy-backend'
import type { DatabaseConnectionService } from '../../service/connection-service'
import { leaseSourceOf } from '../../service/lease-source'
import type { PhysicalSide } from './connection-budget'

/** The connections of a legacy backend; one that cannot count them is as great as the ferry's leases on it. */
export function createLegacyPhysical(backend: LegacyBackend, leasedCount: () => number): PhysicalSide {
  return {
    count: () => backend.connectionCount?.() ?? leasedCount(),
    idle: () => backend.idleCount?.() ?? 0,
    opening: () => backend.openingCount?.() ?? 0,
    get max() {
      return backend.maxConnections ?? Infinity
    },
    ...(backend.trimIdle === undefined ? {} : { trimIdle: (count: number) => trim(backend, count) }),
  }
}

function trim(backend: LegacyBackend, count: number): Promise<number> {
  return backend.trimIdle?.(count) ?? Promise.resolve(0)
}

/**
 * The connections of all databases of the service, those that are being closed included; only those of the first one serve
 * the ferry.
 */
export function createServicePhysical(service: DatabaseConnectionService): PhysicalSide {
  const source = leaseSourceOf(service)
  const databases = () => source?.poolStats() ?? Object.values(service.stats().databases)
  const total = () => databases().reduce((sum, database) => sum + database.total, 0)
  const first = () => databases()[0]
  return {
    count: total,
    idle: () => {
      const database = first()
      return database === undefined ? 0 : Math.max(0, database.idle - database.waiting)
    },
    opening: () => first()?.opening ?? 0,
    get max() {
      const database = first()
      return database === undefined ? Infinity : total() - database.total + database.max
    },
    trimIdle: (count) => service.trimIdle(count),
  }
}
