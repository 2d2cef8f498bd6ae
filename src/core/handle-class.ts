import { AsyncResource } from 'node:async_hooks'
import type { ScopedConnection } from './connection'
import { LeaseEndedError } from './errors'
import { createEndedError, leaseKey, type Lease } from './lease'
import { traceQuery } from './trace-query'
import { queryTrace } from './tracing'

interface Handle {
  [leaseKey]: Lease
}
type Method = (...args: unknown[]) => unknown
type Client = Record<PropertyKey, unknown>

/** Makes handles of one client. */
export type HandleClass = new (lease: Lease) => ScopedConnection

/**
 * Makes the class of all handles of one client. Its prototype inherits from the client: a handle is then one object with one
 * field, is `instanceof` whatever the client is, and shows its properties; methods run on the client itself.
 */
export function createHandleClass(client: object): HandleClass {
  // A function, because the prototype of a class cannot be chosen.
  function ConnectionHandle(this: Handle, lease: Lease): void {
    this[leaseKey] = lease
  }
  ConnectionHandle.prototype = createHandlePrototype(client as Client)
  return ConnectionHandle as unknown as HandleClass
}

function createHandlePrototype(client: Client): object {
  const prototype = Object.create(client) as Record<PropertyKey, unknown>
  const define = (name: PropertyKey, value: Method): void => {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true, enumerable: false })
  }
  for (const name of methodNames(client)) define(name, shared(forwardedMethods, name, forwarded))
  for (const name of ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener']) {
    if (typeof client[name] === 'function') define(name, shared(trackedMethods, name, trackedListener))
  }
  for (const name of ['removeListener', 'off', 'removeAllListeners']) {
    if (typeof client[name] === 'function') define(name, shared(untrackedMethods, name, untrackedListener))
  }
  for (const name of pureMethods) {
    if (typeof client[name] === 'function')
      define(name, (...args) => (client[name] as Method).apply(client, args))
  }
  define('query', guardedQuery)
  define('discard', discard)
  define('release', release)
  define(Symbol.asyncDispose, dispose)
  return prototype
}

// One function for all clients: a hundred idle connections need not keep a hundred copies of each.
const forwardedMethods = new Map<PropertyKey, Method>()
const trackedMethods = new Map<PropertyKey, Method>()
const untrackedMethods = new Map<PropertyKey, Method>()

function shared<K extends PropertyKey>(
  made: Map<PropertyKey, Method>,
  name: K,
  make: (name: K) => Method,
): Method {
  const known = made.get(name)
  if (known !== undefined) return known
  const method = make(name)
  made.set(name, method)
  return method
}

function clientOf(lease: Lease): Client {
  return lease.client as Client
}

function discard(this: Handle, error?: unknown): void {
  this[leaseKey].discard(error)
}

function release(this: Handle, error?: unknown): void {
  this[leaseKey].end(error)
}

function dispose(this: Handle): Promise<void> {
  const lease = this[leaseKey]
  if (!lease.isEnded) lease.end()
  return Promise.resolve()
}

/** Read nothing but their arguments, so they stay useful after the lease. */
const pureMethods = ['escapeIdentifier', 'escapeLiteral', 'listenerCount', 'getTypeParser']

/** Names of all methods, the client's own and inherited ones; getters are not run to find out. */
function methodNames(client: object): Set<PropertyKey> {
  const names = new Set<PropertyKey>()
  for (let level: object = client; level !== Object.prototype;) {
    for (const name of Reflect.ownKeys(level)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(level, name)
      if (name !== 'constructor' && typeof descriptor?.value === 'function') names.add(name)
    }
    const next = Object.getPrototypeOf(level) as object | null
    if (next === null) break
    level = next
  }
  return names
}

/** A method of the client, run on the client; a fluent method answers the handle, never the bare client. */
function forwarded(name: PropertyKey): Method {
  const isAsync = name === 'end' || name === 'connect'
  return function (this: Handle, ...args: unknown[]) {
    const lease = this[leaseKey]
    if (isAsync && lease.isEnded) return Promise.reject(createEndedError())
    lease.requireLive()
    const client = clientOf(lease)
    // Looked up at each call: whoever instruments the driver later is heard too.
    const result = (client[name] as Method).apply(client, args)
    return result === client ? this : result
  }
}

function trackedListener(name: string): Method {
  return function (this: Handle, event, listener) {
    const lease = this[leaseKey]
    lease.requireLive()
    const client = clientOf(lease)
    ;(client[name] as Method).call(client, event, listener)
    lease.addListener(event as string, listener as Method)
    return this
  }
}

/** Taking a listener away is allowed after the lease too: it is what a `finally` does, and there is nothing left to do. */
function untrackedListener(name: string): Method {
  return function (this: Handle, event, listener) {
    const lease = this[leaseKey]
    if (lease.isEnded) return this
    if (name === 'removeAllListeners') lease.removeAllListeners(event)
    else lease.removeListener(event, listener)
    return this
  }
}

/** `query` answers as its form asks: a rejected promise, the callback, or the submittable's own `handleError`. */
function guardedQuery(this: Handle, ...args: unknown[]): unknown {
  const lease = this[leaseKey]
  const client = clientOf(lease)
  if (lease.isEnded) return refusedQuery(client, args)
  lease.statementCount++
  bindCallbacks(args)
  if (lease.tracing !== undefined && queryTrace.isActive) return traceQuery(client, args, lease.tracing)
  return (client['query'] as Method).apply(client, args)
}

function refusedQuery(client: Client, args: readonly unknown[]): unknown {
  const error = new LeaseEndedError('a query was sent through a connection that had been given back')
  const [first] = args
  if (isSubmittable(first)) {
    process.nextTick(() => {
      first.handleError(error, client['connection'])
    })
    return first
  }
  const callback = args.find((arg) => typeof arg === 'function') as Method | undefined
  if (callback === undefined) return Promise.reject(error)
  process.nextTick(callback, error)
  return undefined
}

/** The driver calls back from its socket, in the async context of whoever opened that: a callback belongs to its caller's. */
function bindCallbacks(args: unknown[]): void {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]
    if (typeof arg === 'function') args[index] = AsyncResource.bind(arg as Method)
    else if (typeof arg === 'object' && arg !== null) args[index] = withBoundCallback(arg)
  }
}

function withBoundCallback(arg: object): object {
  const { callback } = arg as { callback?: unknown }
  if (typeof callback !== 'function' || isSubmittable(arg)) return arg
  // Beside the caller's own object, which may be used again; its prototype may have more of it.
  return Object.assign(Object.create(arg) as object, { callback: AsyncResource.bind(callback as Method) })
}

interface Submittable {
  submit: Method
  handleError(error: Error, connection: unknown): void
}

function isSubmittable(value: unknown): value is Submittable {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Submittable>).submit === 'function'
  )
}
