import { createConnectionHandle, isConnectionHandle, observeLeaseEnd } from '../../core/connection-handle'
import type { AcquireOptions, DatabaseConnectionService } from '../../service/connection-service'
import type { RouteRequest, SidePort } from './side-port'

/** The new service as a side. */
export function createServiceSide(service: DatabaseConnectionService): SidePort {
  return {
    pool: 'service',
    async acquire(request, onReturned) {
      const connection = await service.acquireConnection(request.purpose, toAcquireOptions(request))
      if (isConnectionHandle(connection)) {
        observeLeaseEnd(connection, onReturned)
        return connection
      }
      // Somebody else's implementation of the service, a test double for instance.
      return createConnectionHandle(connection, (end) => {
        try {
          service.releaseConnection(connection, end.discard ? (end.error ?? discarded()) : undefined)
        } finally {
          onReturned()
        }
      })
    },
  }
}

function discarded(): Error {
  return new Error('the borrower marked the connection as broken')
}

function toAcquireOptions({ timeoutMs, signal, readOnly }: RouteRequest): AcquireOptions {
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
    ...(readOnly === undefined ? {} : { readOnly }),
  }
}
