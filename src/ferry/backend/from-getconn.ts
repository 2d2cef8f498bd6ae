import { systemClock } from '../../core/clock'
import { InvalidOptionError } from '../../core/errors'
import { boundedAcquire } from './bounded-acquire'
import type { BackendLease, BackendOptions, LegacyBackend } from './legacy-backend'

/** A manager that lends and takes back, with or without promises. */
export interface GetconnManager {
  /** Answers a connection or a promise of one. */
  getconn(key?: unknown): unknown
  /** Called as `putconn(connection, key, close)`, as psycopg2.pool defines it. */
  putconn(connection: never, key?: never, close?: boolean): unknown
  closeall?(): unknown
}

/**
 * The legacy side as a manager with `getconn()` and `putconn()`.
 *
 * @throws InvalidOptionError when one of the two is missing
 * @example
 * const legacy = fromGetconn(resilientPoolManager, { maxConnections: 20 })
 */
export function fromGetconn(manager: GetconnManager, options: BackendOptions = {}): LegacyBackend {
  for (const name of ['getconn', 'putconn'] as const) {
    if (typeof (manager as Partial<GetconnManager> | undefined)?.[name] === 'function') continue
    throw new InvalidOptionError(
      'fromGetconn(manager)',
      manager,
      `an object with getconn() and putconn(); ${name}() is missing`,
    )
  }
  const { clock = systemClock, maxConnections } = options
  const lend = async (key: unknown): Promise<BackendLease> => {
    const hasKey = key !== undefined && key !== null
    const client = (await (hasKey ? manager.getconn(key) : manager.getconn())) as object
    return {
      client,
      async release(error) {
        const giveBack = manager.putconn.bind(manager) as (...args: unknown[]) => unknown
        // Short calls where they say the same: not every manager has all three parameters.
        if (error) await giveBack(client, key, true)
        else if (hasKey) await giveBack(client, key)
        else await giveBack(client)
      },
    }
  }
  return {
    kind: 'getconn manager',
    ...(maxConnections === undefined ? {} : { maxConnections }),
    acquire: (request) => boundedAcquire('getconn manager', () => lend(request.key), request, clock),
    ...(typeof manager.closeall === 'function'
      ? {
          async close() {
            await manager.closeall?.()
          },
        }
      : {}),
  }
}
