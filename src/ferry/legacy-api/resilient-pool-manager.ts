import type { PoolClient } from 'pg'
import type { Connection, ScopedConnection } from '../../core/connection'
import { KeyedPool } from '../backend/keyed-pool'
import type { ComponentRouter } from '../routing/component-router'
import { plainRequest } from '../routing/side-port'
import { createPsycopg2Policy, type PoolSettings } from './psycopg2-policy'

/**
 * The old pool manager, served by whichever side the flags say.
 *
 * @deprecated Use {@link DatabaseConnectionService.connection}. Dialect: psycopg2-pool.
 */
export interface ResilientPoolManager {
  /**
   * The connection of `key`, a new one when there is none; without a key always a new one. In parity `psycopg2` a caller too
   * many is refused at the call, in parity `waiting` it waits up to `acquireTimeoutMs`.
   *
   * @throws PoolError "connection pool exhausted", "connection pool is closed"
   */
  getconn(key?: unknown): Promise<ScopedConnection>
  /**
   * Gives a connection back to where it came from; with `close` it is closed. A refused call has changed nothing.
   *
   * @throws PoolError "trying to put unkeyed connection", "connection pool is closed"; KeyError for a key that is not
   * this connection's
   */
  putconn(connection?: PoolClient | null, key?: unknown, close?: boolean): void
  /** Closes the connections that are out; every later call is refused. */
  closeall(): Promise<void>
  /** A connection that goes back when its scope ends; waits for it. Dialect: context-manager. */
  connection(): Promise<ScopedConnection>
  /** The same with a callback; what `work` acquires is on the same side. Dialect: context-manager. */
  withConnection<T>(work: (connection: Connection) => T | Promise<T>): Promise<T>
}

export function createResilientPoolManager(
  router: ComponentRouter,
  { limits, acquireTimeoutMs }: PoolSettings,
): ResilientPoolManager {
  const request = acquireTimeoutMs === undefined ? plainRequest : { timeoutMs: acquireTimeoutMs }
  const pool = new KeyedPool(
    {
      acquire: (claim) => router.take(request, claim),
      giveBack: (connection, error) => router.giveBack(connection, error),
      // The lease decides: a connection of this ferry goes home whichever of its facades takes it back.
      isOut: (connection) => router.isOut(connection),
      out: () => router.ledger.handles(),
    },
    createPsycopg2Policy(limits),
  )
  return {
    getconn: (key) => pool.getconn(key),
    putconn: (connection, key, close) => {
      void pool.putconn(connection, key, close)
    },
    closeall: () => pool.closeall(),
    connection: () => router.acquire(request),
    withConnection: (work) => router.withConnection(work, request),
  }
}
