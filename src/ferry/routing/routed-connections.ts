import type { Connection, ScopedConnection } from '../../core/connection'
import { InvalidOptionError } from '../../core/errors'
import { rejectWith } from '../../core/reject-with'
import type { AcquireOptions, DatabaseConnectionService } from '../../service/connection-service'
import { requireTarget } from '../../service/service-options'
import { ServicePgPools } from '../../service/service-pg-pool'
import { runTransaction } from '../../service/transaction'
import type { ComponentRouter } from './component-router'
import { requireKnownName } from './known-name'
import { plainRequest, type RouteRequest } from './side-port'

/**
 * The new API of one component, routed by flag: what migrated call sites use while the crossing lasts. It is not the owner of
 * the service: `close()` waits for nothing and closes nothing.
 */
export function createRoutedConnections(
  router: ComponentRouter,
  service: DatabaseConnectionService,
): DatabaseConnectionService {
  // They never change; asking the service anew would count all its connections for each acquire.
  const { purposes, databases } = service.stats()
  const plainRequests = new Map(
    Object.keys(purposes).map((purpose) => [purpose, Object.freeze({ purpose }) as RouteRequest]),
  )
  const [firstDatabase] = Object.keys(databases)
  const toRequest = (purpose: string | undefined, options: AcquireOptions | undefined): RouteRequest => {
    const plain = purpose === undefined ? plainRequest : plainRequests.get(purpose)
    if (plain !== undefined && options === undefined) return plain
    const { database, timeoutMs, signal, readOnly, target } = options ?? {}
    requireFirst(firstDatabase, database)
    requireTarget(target)
    // Refused on both sides alike: the legacy side knows no purposes and would not notice.
    if (plain === undefined)
      requireKnownName('purpose', 'purpose of the service', purpose, [...plainRequests.keys()])
    return {
      ...plain,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
      ...(readOnly === undefined ? {} : { readOnly }),
      ...(target === undefined ? {} : { target }),
    }
  }
  const acquire = (purpose?: string, options?: AcquireOptions): Promise<ScopedConnection> => {
    try {
      return router.acquire(toRequest(purpose, options))
    } catch (error) {
      return rejectWith(error)
    }
  }
  const withConnection = <T>(
    purpose: string | undefined,
    work: (connection: Connection) => T | Promise<T>,
    options?: AcquireOptions,
  ): Promise<T> => {
    try {
      return router.withConnection(work, toRequest(purpose, options))
    } catch (error) {
      return rejectWith(error)
    }
  }
  const pgPools = new ServicePgPools({
    acquireConnection: acquire,
    releaseConnection: (connection, error) => {
      void router.giveBack(connection, error)
    },
    stats: () => service.stats(),
  })
  return {
    connection: acquire,
    withConnection,
    // As the service: `readOnly` belongs to the transaction here, not to the session.
    withTransaction: async (purpose, work, { isolation, readOnly, ...options } = {}) =>
      withConnection(
        purpose,
        (connection) =>
          runTransaction(connection, work, {
            ...(isolation === undefined ? {} : { isolation }),
            ...(readOnly === undefined ? {} : { readOnly }),
          }),
        options,
      ),
    acquireConnection: acquire,
    releaseConnection: (connection, error) => {
      void router.giveBack(connection, error)
    },
    query: async (statement, values, { purpose, ...options } = {}) =>
      withConnection(purpose, (connection) => connection.query(statement, values), options),
    pgPool(purpose) {
      toRequest(purpose, undefined)
      return pgPools.get(purpose ?? router.purpose)
    },
    stats: () => service.stats(),
    trimIdle: (count) => service.trimIdle(count),
    // The service is shared: these are its own controls, not those of one component.
    resize: (limits) => {
      service.resize(limits)
    },
    drain: (reason) => service.drain(reason),
    evict: (reason) => service.evict(reason),
    suspend: () => {
      service.suspend()
    },
    resume: () => {
      service.resume()
    },
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** The legacy side has one database; which one a component reads must not depend on a flag. */
function requireFirst(first: string | undefined, database: string | undefined): void {
  if (database === undefined || database === first) return
  throw new InvalidOptionError(
    'database',
    database,
    `'${String(first)}': the ferry routes the service's first database only; ask the service itself for another`,
  )
}
