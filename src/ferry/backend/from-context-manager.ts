import { systemClock } from '../../core/clock'
import { ConnectFailedError, InvalidOptionError, LeaseEndedError } from '../../core/errors'
import { boundedAcquire } from './bounded-acquire'
import type { BackendLease, BackendOptions, LegacyBackend } from './legacy-backend'
import { toError } from './to-error'

/** Calls its argument with a connection and takes it back when the promise settles. */
export type WithConnection = <T>(work: (connection: object) => Promise<T>) => Promise<T>

/**
 * The legacy side as a context manager. A connection is held by leaving the manager's callback unfinished until the lease
 * ends; a lease that ends with an error makes the callback reject, so that the manager treats the connection as broken.
 *
 * @throws InvalidOptionError when `withConnection` is no function
 * @example
 * const legacy = fromContextManager((work) => manager.withConnection(work))
 */
export function fromContextManager(
  withConnection: WithConnection,
  options: BackendOptions = {},
): LegacyBackend {
  if (typeof withConnection !== 'function') {
    throw new InvalidOptionError(
      'fromContextManager(withConnection)',
      withConnection,
      'a function that takes a callback',
    )
  }
  const { clock = systemClock, maxConnections } = options
  return {
    kind: 'context manager',
    ...(maxConnections === undefined ? {} : { maxConnections }),
    acquire: (request) => boundedAcquire('context manager', () => hold(withConnection), request, clock),
  }
}

function hold(withConnection: WithConnection): Promise<BackendLease> {
  return new Promise((resolve, reject) => {
    const held = createDeferred()
    let isCalled = false
    let isSettled = false
    const work = (connection: object): Promise<void> => {
      if (isSettled)
        return Promise.reject(new LeaseEndedError('the context manager called back after it had finished'))
      if (isCalled) {
        // A manager that tries again after an error: the borrower is past that point.
        return Promise.reject(
          new LeaseEndedError('the context manager called back a second time for one connection'),
        )
      }
      isCalled = true
      resolve({
        client: connection,
        release: (error) => {
          if (error) held.reject(toError(error))
          else held.resolve()
          return finished(error)
        },
      })
      return held.promise
    }
    const outcome = runManager(withConnection, work)
    /** What the manager says in the end; the error that the lease ended with is no news. */
    const finished = (error: unknown): Promise<void> =>
      outcome.catch((reason: unknown) => {
        if (!error) throw reason
      })
    outcome.then(
      () => {
        isSettled = true
        reject(new ConnectFailedError('the context manager finished without handing out a connection'))
      },
      (error: unknown) => {
        isSettled = true
        reject(toError(error))
      },
    )
  })
}

/** A manager may throw before it returns its promise. */
async function runManager(
  withConnection: WithConnection,
  work: (connection: object) => Promise<void>,
): Promise<void> {
  await withConnection(work)
}

function createDeferred(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve: () => void = ignore
  let reject: (error: Error) => void = ignore
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  // A manager may let go of the callback's promise; its rejection has been told to the manager, not to the process.
  promise.catch(ignore)
  return { promise, resolve, reject }
}

function ignore(): void {
  // Nothing to do.
}
