import type { PoolClient } from 'pg'
import type { Connection, ScopedConnection } from '../../core/connection'
import type { ComponentRouter } from '../routing/component-router'

/**
 * The old delegate, which tries to be both: a getter and a context manager.
 *
 * @deprecated Use {@link DatabaseConnectionService.connection}. Dialect: infra-delegate.
 */
export interface InfraDelegate {
  /**
   * A connection for the caller to give back, by {@link InfraDelegate.releaseDbConnection} or by `await using`.
   *
   * @deprecated Use {@link DatabaseConnectionService.connection}. Dialect: infra-delegate.
   */
  getDbConnection(): Promise<ScopedConnection>
  /**
   * Runs `work` with a connection that goes back when it settles; what `work` acquires is on the same side.
   *
   * @deprecated Use {@link DatabaseConnectionService.withConnection}. Dialect: infra-delegate.
   */
  getDbConnection<T>(work: (connection: Connection) => T | Promise<T>): Promise<T>
  /**
   * Gives a connection back to where it came from; with an `error` it is closed. Resolves when it has arrived there.
   *
   * @throws ForeignConnectionError, LeaseEndedError at the call, with nothing changed
   * @deprecated Use {@link DatabaseConnectionService.connection}. Dialect: infra-delegate.
   */
  releaseDbConnection(connection: PoolClient, error?: unknown): Promise<void>
}

export function createInfraDelegate(router: ComponentRouter): InfraDelegate {
  function getDbConnection(): Promise<ScopedConnection>
  function getDbConnection<T>(work: (connection: Connection) => T | Promise<T>): Promise<T>
  function getDbConnection(work?: (connection: Connection) => unknown): Promise<unknown> {
    return work === undefined ? router.acquire() : router.withConnection(work)
  }
  return {
    getDbConnection,
    releaseDbConnection: (connection, error) => router.giveBack(connection, error),
  }
}
