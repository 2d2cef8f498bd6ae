import type { ScopedConnection } from '../../core/connection'
import { createConnectionHandle, isConnectionHandle } from '../../core/connection-handle'
import type { AcquireOptions, DatabaseConnectionService } from '../../service/connection-service'
import { leaseSourceOf } from '../../service/lease-source'
import { plainRequest, type ReturnTarget, type RouteRequest, type SidePort } from './side-port'

/** The new service as a side. */
export function createServiceSide(service: DatabaseConnectionService): SidePort {
  const source = leaseSourceOf(service)
  if (source === undefined) return createForeignSide(service)
  return {
    pool: 'service',
    returnsAtEnd: true,
    acquire: (purpose, request) => service.connection(purpose, toAcquireOptions(request)),
    take: (purpose, request, claim) => source.take(purpose, toAcquireOptions(request), claim),
    tryAcquire: (purpose, request) => source.tryAcquire(purpose, toAcquireOptions(request)),
    runHolding: (connection, work) => source.runHolding(connection, work),
  }
}

/** Somebody else's implementation of the service: a test double, or another ferry's routed connections. */
function createForeignSide(service: DatabaseConnectionService): SidePort {
  return {
    pool: 'service',
    returnsAtEnd: true,
    async acquire(purpose, request, target) {
      const connection = await service.acquireConnection(purpose, toAcquireOptions(request) ?? {})
      if (isConnectionHandle(connection)) return connection
      return wrap(service, connection, target)
    },
  }
}

function wrap(
  service: DatabaseConnectionService,
  connection: Parameters<DatabaseConnectionService['releaseConnection']>[0],
  target: ReturnTarget,
): ScopedConnection {
  return createConnectionHandle(connection, (end) => {
    try {
      service.releaseConnection(connection, end.discard ? (end.error ?? discarded()) : undefined)
    } finally {
      target.returned()
    }
  })
}

function discarded(): Error {
  return new Error('the borrower marked the connection as broken')
}

function toAcquireOptions(request: RouteRequest): AcquireOptions | undefined {
  if (request === plainRequest) return undefined
  const { timeoutMs, signal, readOnly, target } = request
  if (timeoutMs === undefined && signal === undefined && readOnly === undefined && target === undefined)
    return undefined
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(target === undefined ? {} : { target }),
  }
}
