import type { PoolClient } from 'pg'
import type { ScopedConnection } from '../../core/connection'
import { KeyedPool } from '../backend/keyed-pool'
import type { ComponentRouter } from '../routing/component-router'
import { plainRequest } from '../routing/side-port'
import type { InfraDelegate } from './infra-delegate'
import { createPsycopg2Policy, type PoolSettings } from './psycopg2-policy'

/**
 * The old wrapper that made a pool out of a delegate; it has keys and a limit of its own.
 *
 * @deprecated Use {@link DatabaseConnectionService.connection}. Dialect: psycopg2-pool.
 */
export interface DelegatePool {
  /** As {@link ResilientPoolManager.getconn}, with the delegate's connections. */
  getconn(key?: unknown): Promise<ScopedConnection>
  /** As {@link ResilientPoolManager.putconn}; resolves when the connection has arrived where it came from. */
  putconn(connection?: PoolClient | null, key?: unknown, close?: boolean): Promise<void>
  /** Closes the connections that are out through this pool; every later call of it is refused. */
  closeall(): Promise<void>
}

export function createDelegatePool(
  delegate: InfraDelegate,
  router: ComponentRouter,
  { limits }: PoolSettings,
): DelegatePool {
  const pool = new KeyedPool(
    {
      // As getDbConnection() of the delegate, without its promise.
      acquire: (claim) => router.take(plainRequest, claim),
      giveBack: (connection, error) => delegate.releaseDbConnection(connection as PoolClient, error),
      isOut: (connection) => router.isOut(connection),
      out: () => router.ledger.handles(),
    },
    createPsycopg2Policy(limits),
  )
  return {
    getconn: (key) => pool.getconn(key),
    putconn: (connection, key, close) => pool.putconn(connection, key, close),
    closeall: () => pool.closeall(),
  }
}
