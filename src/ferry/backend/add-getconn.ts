import type { Pool, PoolClient } from 'pg'
import type { ScopedConnection } from '../../core/connection'
import { createConnectionHandle, endLease, isLeaseEnded } from '../../core/connection-handle'
import {
  ForeignConnectionError,
  InvalidOptionError,
  LeaseEndedError,
  PoolClosedError,
} from '../../core/errors'
import { checkOptions, isDurationMs, isString } from '../../core/options'
import type { WithConnection } from './from-context-manager'
import { fromContextManager } from './from-context-manager'
import { fromDelegate } from './from-delegate'
import { fromPgPool } from './from-pg-pool'
import { KeyedPool, type KeyedPoolPolicy } from './keyed-pool'
import type { BackendLease, LegacyBackend } from './legacy-backend'
import { toError } from './to-error'

/** How {@link addGetconn} finds the manager's own way to get a connection. */
export interface AddGetconnOptions {
  /** A method of the manager that calls back with a connection; default `withConnection`, when it has one. */
  readonly withConnection?: string
  /** A method of the manager that gives a connection; for delegates. */
  readonly acquire?: string
  /** The method that takes it back, of the manager or of the connection. */
  readonly release?: string
  /** Milliseconds that `getconn()` waits; default: as long as the manager lets it. */
  readonly acquireTimeoutMs?: number
}

/** What {@link addGetconn} adds to a manager. */
export interface GetconnMethods {
  /**
   * A connection of the manager, waiting for it; the same `key` gives the same connection until it is put back.
   *
   * @throws AcquireTimeoutError, PoolClosedError; errors of the manager pass through
   */
  getconn(key?: unknown): Promise<ScopedConnection>
  /**
   * Gives it back; with `close` the manager is told to close it. A refused call has changed nothing.
   *
   * @throws ForeignConnectionError, LeaseEndedError, PoolClosedError at the call
   */
  putconn(connection: PoolClient, key?: unknown, close?: boolean): void
  /** Closes what is out, then the manager when it can be closed; later calls are refused. */
  closeall(): Promise<void>
}

/**
 * Phase 1, the temporary fix, usable alone: gives any manager `getconn()`, `putconn()` and `closeall()`, so that raw call sites
 * work at once, whatever the manager offers itself (`connect()` of a `pg.Pool`, a context manager, a delegate). The methods are
 * added to the manager itself, which is returned; one that has them already stays as it is. It is thrown away with the ferry.
 *
 * @throws InvalidOptionError when the manager offers nothing that is known
 * @example
 * const manager = addGetconn(new ResilientPoolManager(config))
 * const conn = await manager.getconn()
 * try {
 *   await conn.query('SELECT 1')
 * } finally {
 *   manager.putconn(conn)
 * }
 */
export function addGetconn<T extends object>(
  manager: T,
  options: AddGetconnOptions = {},
): T & GetconnMethods {
  checkOptions('addGetconn', options, {
    withConnection: isString,
    acquire: isString,
    release: isString,
    acquireTimeoutMs: isDurationMs(1),
  })
  if (has(manager, 'getconn') && has(manager, 'putconn')) return manager as T & GetconnMethods
  const methods = createGetconn(findBackend(manager, options), options.acquireTimeoutMs)
  if (!Object.isExtensible(manager)) {
    throw new InvalidOptionError(
      'addGetconn(manager)',
      manager,
      'an object that may get new methods; this one is frozen',
    )
  }
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(manager, name, { value, configurable: true, writable: true, enumerable: false })
  }
  return manager as T & GetconnMethods
}

function has(manager: object, name: string): boolean {
  return typeof (manager as Readonly<Record<string, unknown>>)[name] === 'function'
}

function findBackend(manager: object, options: AddGetconnOptions): LegacyBackend {
  const { acquire, release, withConnection = 'withConnection' } = options
  if (acquire !== undefined)
    return fromDelegate(manager, { acquire, ...(release === undefined ? {} : { release }) })
  if (has(manager, withConnection)) {
    const bracket = (manager as Readonly<Record<string, WithConnection>>)[withConnection] as WithConnection
    return fromContextManager((work) => bracket.call(manager, work) as ReturnType<typeof work>)
  }
  if (options.withConnection === undefined && has(manager, 'connect') && has(manager, 'query')) {
    return fromPgPool(manager as Pool)
  }
  throw new InvalidOptionError(
    'addGetconn(manager)',
    manager,
    `a pg.Pool, an object with ${withConnection}(), or the option 'acquire' with the name of the method that gives a connection`,
  )
}

function createGetconn(backend: LegacyBackend, timeoutMs: number | undefined): GetconnMethods {
  const out = new Set<ScopedConnection>()
  const returning = new WeakMap<object, Promise<void>>()
  const pool = new KeyedPool(
    {
      async acquire(claim) {
        let lease: BackendLease
        try {
          lease = await backend.acquire(timeoutMs === undefined ? {} : { timeoutMs })
        } catch (error) {
          throw claim.refused(error)
        }
        const handle = createConnectionHandle(lease.client, ({ discard, error }) => {
          const reason = discard
            ? (error ?? new Error('the borrower marked the connection as broken'))
            : undefined
          out.delete(handle)
          returning.set(
            handle,
            giveBack(backend, () => lease.release(reason)),
          )
        })
        out.add(handle)
        claim.lent(handle)
        return handle
      },
      giveBack(connection, error) {
        endLease(connection as object, error)
        return returning.get(connection as object) ?? Promise.resolve()
      },
      isOut: (connection) => out.has(connection as ScopedConnection),
      out: () => [...out],
    },
    waitingPolicy,
  )
  return {
    getconn: (key) => pool.getconn(key),
    putconn: (connection, key, close) => {
      void pool.putconn(connection, key, close)
    },
    async closeall() {
      await pool.closeall()
      await backend.close?.()
    },
  }
}

/** The borrower is gone: a manager that refuses the connection can tell nobody but the process. */
async function giveBack(backend: LegacyBackend, release: () => void | Promise<void>): Promise<void> {
  try {
    await release()
  } catch (error) {
    process.emitWarning(`a ${backend.kind} refused to take a connection back: ${String(error)}`)
  }
}

const waitingPolicy: KeyedPoolPolicy = {
  autoKey: () => undefined,
  normalizeKey: (key) => key,
  reserve: () => undefined,
  unreserve: () => undefined,
  closedError: () => new PoolClosedError('the pool was closed by closeall()'),
  unkeyedError: (connection) =>
    isLeaseEnded(connection)
      ? new LeaseEndedError('the connection was put back already; this second time changed nothing')
      : new ForeignConnectionError(
          'the connection does not come from getconn() of this manager; nothing was changed',
        ),
  unknownKeyError: (key) =>
    new ForeignConnectionError(
      `this connection is not out under the key ${String(key)}; nothing was changed`,
    ),
  missingConnectionError: () => new ForeignConnectionError('putconn() was called without a connection'),
  acquireError: toError,
}
