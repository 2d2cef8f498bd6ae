import { InvalidOptionError } from '../../core/errors'
import type { AcquireOptions, DatabaseConnectionService } from '../../service/connection-service'
import { runTransaction } from '../../service/transaction'
import type { ComponentRouter } from './component-router'
import { requireKnownName } from './known-name'
import type { RouteRequest } from './side-port'

/**
 * The new API of one component, routed by flag: what migrated call sites use while the crossing lasts. It is not the owner of
 * the service: `close()` waits for nothing and closes nothing.
 */
export function createRoutedConnections(
  router: ComponentRouter,
  service: DatabaseConnectionService,
): DatabaseConnectionService {
  // They never change; asking the service anew would count all its connections for each acquire.
  const purposes = Object.keys(service.stats().purposes)
  const toRequest = (purpose: string | undefined, options: AcquireOptions = {}): RouteRequest => {
    const { database, timeoutMs, signal, readOnly } = options
    requireFirst(service, database)
    if (purpose !== undefined) requirePurpose(purposes, purpose)
    return {
      ...(purpose === undefined ? {} : { purpose }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
      ...(readOnly === undefined ? {} : { readOnly }),
    }
  }
  return {
    connection: async (purpose, options) => router.acquire(toRequest(purpose, options)),
    withConnection: async (purpose, work, options) =>
      router.withConnection(work, toRequest(purpose, options)),
    // As the service: `readOnly` belongs to the transaction here, not to the session.
    withTransaction: async (purpose, work, { isolation, readOnly, ...acquire } = {}) =>
      router.withConnection(
        (connection) =>
          runTransaction(connection, work, {
            ...(isolation === undefined ? {} : { isolation }),
            ...(readOnly === undefined ? {} : { readOnly }),
          }),
        toRequest(purpose, acquire),
      ),
    acquireConnection: async (purpose, options) => router.acquire(toRequest(purpose, options)),
    releaseConnection: (connection, error) => {
      void router.giveBack(connection, error)
    },
    query: async (statement, values, { purpose, ...options } = {}) =>
      router.withConnection((connection) => connection.query(statement, values), toRequest(purpose, options)),
    stats: () => service.stats(),
    trimIdle: (count) => service.trimIdle(count),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** The legacy side has one database; which one a component reads must not depend on a flag. */
function requireFirst(service: DatabaseConnectionService, database: string | undefined): void {
  if (database === undefined) return
  const [first] = Object.keys(service.stats().databases)
  if (database === first) return
  throw new InvalidOptionError(
    'database',
    database,
    `'${String(first)}': the ferry routes the service's first database only; ask the service itself for another`,
  )
}

/** Refused on both sides alike: the legacy side knows no purposes and would not notice. */
function requirePurpose(purposes: readonly string[], purpose: string): void {
  requireKnownName('purpose', 'purpose of the service', purpose, purposes)
}
