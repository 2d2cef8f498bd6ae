import type { ScopedConnection } from './connection'
import { createHandleClass, type HandleClass } from './handle-class'
import { CallbackLease, leaseOf, type Lease, type LeaseEnd, type LeaseObserver } from './lease'

/** One class per client, made once. */
const handleClasses = new WeakMap<object, HandleClass>()

/**
 * Makes the handle through which one borrower uses the client of `lease`. The handle inherits from the client, so it is
 * `instanceof` whatever the client is and shows its properties; what the borrower writes on it stays on it; methods run on the
 * client itself. It is dead when the lease ends.
 */
export function lend(lease: Lease): ScopedConnection {
  const { client } = lease
  let Handle = handleClasses.get(client)
  if (Handle === undefined) {
    Handle = createHandleClass(client)
    handleClasses.set(client, Handle)
  }
  const handle = new Handle(lease)
  lease.handle = handle
  return handle
}

/** {@link lend} for whoever has no lease class of its own: `onEnd` is called once, when the lease ends by any way. */
export function createConnectionHandle(client: object, onEnd: (end: LeaseEnd) => void): ScopedConnection {
  return lend(new CallbackLease(client, onEnd))
}

/**
 * Ends the lease of a handle: listeners of the borrower are removed, every later use is refused, the owner is told.
 *
 * @throws LeaseEndedError when it has ended before; nothing is changed then.
 */
export function endLease(handle: object, error?: unknown): void {
  const lease = leaseOf(handle)
  if (lease === undefined) throw new TypeError('not a connection handle')
  lease.end(error)
}

/** Calls `observer` once when the lease of `handle` ends, after its owner took the connection back; it must not throw. */
export function observeLeaseEnd(
  handle: ScopedConnection,
  observer: LeaseObserver | ((end: LeaseEnd) => void),
): void {
  leaseOf(handle)?.observe(typeof observer === 'function' ? { leaseEnded: observer } : observer)
}

/** Whether `value` is a handle that {@link lend} made. */
export function isConnectionHandle(value: unknown): value is ScopedConnection {
  return leaseOf(value) !== undefined
}

/** Whether the lease of this handle has ended. False for anything that is no handle. */
export function isLeaseEnded(handle: unknown): boolean {
  return leaseOf(handle)?.isEnded === true
}
