import type { ScopedConnection } from './connection'
import { createHandleClass, type HandleClass } from './handle-class'
import { CallbackLease, leaseOf, type Lease, type LeaseEnd, type LeaseObserver } from './lease'

/** By the prototype of the clients; each is made once. */
const handleClasses = new WeakMap<object, HandleClass>()
const withoutPrototype = {}
// Nearly always the next client is of the same kind.
let recentKind: object | undefined
let recentClass: HandleClass | undefined

/**
 * Makes the handle through which one borrower uses the client of `lease`. It is `instanceof` whatever the client is and shows its
 * properties; what the borrower writes on it stays on it; methods run on the client itself. It is dead when the lease ends.
 */
export function lend(lease: Lease): ScopedConnection {
  const { client } = lease
  const kind = kindOf(client)
  const Handle = recentClass !== undefined && kind === recentKind ? recentClass : classOf(kind, client)
  const handle = new Handle(lease)
  lease.handle = handle
  return handle
}

/** The same for all clients that may share a class of handles. */
function kindOf(client: object): object {
  // Read first: where the engine knows the shape of an object, its prototype costs no call.
  const { constructor } = client as { readonly constructor?: unknown }
  const prototype = Object.getPrototypeOf(client) as object | null
  return prototype ?? (typeof constructor === 'function' ? constructor : withoutPrototype)
}

function classOf(kind: object, client: object): HandleClass {
  const Handle = handleClasses.get(kind) ?? createHandleClass(client)
  handleClasses.set(kind, Handle)
  recentKind = kind
  recentClass = Handle
  return Handle
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

/** What is the same for all handles of one physical connection; of anything else, itself. */
export function identityOf(connection: object): object {
  return leaseOf(connection)?.client ?? connection
}

/** Whether the lease of this handle has ended. False for anything that is no handle. */
export function isLeaseEnded(handle: unknown): boolean {
  return leaseOf(handle)?.isEnded === true
}
