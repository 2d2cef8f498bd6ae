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

/** Makes handles of one kind of clients. */
export type HandleClass = new (lease: Lease) => ScopedConnection

/**
 * Makes the class of all handles of clients with one prototype, so that code which uses handles sees one shape, however many
 * connections there are. A handle is one object with one field, is `instanceof` whatever its client is, and shows its client's
 * properties; methods run on the client itself.
 *
 * @param client one of them
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
  const kind = Object.getPrototypeOf(client) as Client | null
  const prototype = Object.create(createPropertyView(client, kind)) as Record<PropertyKey, unknown>
  const define = (name: PropertyKey, value: unknown): void => {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true, enumerable: false })
  }
  for (const name of methodNames(kind)) {
    define(name, kind !== null && pureMethods.has(name) ? pureMethod(kind, name) : methodOf(name))
  }
  define('query', guardedQuery)
  define('discard', discard)
  define('release', release)
  define(Symbol.asyncDispose, dispose)
  // Asked for whenever a promise is resolved with a handle; and here, a write to it need not ask the client.
  define('then', undefined)
  define(leaseKey, undefined)
  return prototype
}

/**
 * What a handle inherits beyond methods: whatever its own client has when it is asked. Names are those that the first client had,
 * for `in` and for loops over all of them.
 */
function createPropertyView(client: Client, kind: object | null): object {
  const names = Object.create(kind) as Record<PropertyKey, unknown>
  for (const name of Reflect.ownKeys(client)) {
    // What is hidden there (a password, for instance) stays hidden.
    const enumerable = Object.prototype.propertyIsEnumerable.call(client, name)
    Object.defineProperty(names, name, { value: undefined, configurable: true, writable: true, enumerable })
  }
  return new Proxy(names, {
    get(_, name, handle: Partial<Handle>) {
      const lease = handle[leaseKey]
      if (lease === undefined) return kind === null ? undefined : (kind as Client)[name]
      const value = clientOf(lease)[name]
      const isOurs = typeof value === 'function' && name !== 'constructor' && !pureMethods.has(name)
      return isOurs ? methodOf(name) : value
    },
  })
}

/** One function for all clients, by name. */
const methods = new Map<PropertyKey, Method>()

function methodOf(name: PropertyKey): Method {
  const known = methods.get(name)
  if (known !== undefined) return known
  const method = listeningMethods.has(name)
    ? trackedListener(name as string)
    : unlisteningMethods.has(name)
      ? untrackedListener(name as string)
      : forwarded(name)
  methods.set(name, method)
  return method
}

const listeningMethods: ReadonlySet<PropertyKey> = new Set([
  'on',
  'addListener',
  'once',
  'prependListener',
  'prependOnceListener',
])
const unlisteningMethods: ReadonlySet<PropertyKey> = new Set(['removeListener', 'off', 'removeAllListeners'])

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
  return disposed
}

const disposed = Promise.resolve()

/** Read nothing but their arguments, so they stay useful after the lease. */
const pureMethods: ReadonlySet<PropertyKey> = new Set([
  'escapeIdentifier',
  'escapeLiteral',
  'listenerCount',
  'getTypeParser',
])

/** Those that read no `this` may be taken off the handle. */
function pureMethod(kind: Client, name: PropertyKey): Method {
  return function (this: Partial<Handle> | undefined, ...args) {
    const lease = this?.[leaseKey]
    const client = lease === undefined ? kind : clientOf(lease)
    return (client[name] as Method).apply(client, args)
  }
}

/** Names of all methods that instances of `kind` inherit; getters are not run to find out. */
function methodNames(kind: object | null): Set<PropertyKey> {
  const names = new Set<PropertyKey>()
  for (let level = kind; level !== null && level !== Object.prototype;) {
    for (const name of Reflect.ownKeys(level)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(level, name)
      if (name !== 'constructor' && typeof descriptor?.value === 'function') names.add(name)
    }
    level = Object.getPrototypeOf(level) as object | null
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
    const heard = calledOn(this, listener)
    ;(client[name] as Method).call(client, event, heard)
    lease.addListener(event as string, heard as Method)
    return this
  }
}

/**
 * A listener is called on what it was put on: there its borrower may have left something for it. Its own is known by the name under
 * which node knows that of `once`.
 */
function calledOn(handle: Handle, listener: unknown): unknown {
  if (typeof listener !== 'function') return listener
  const heard: Method = (...args) => (listener as Method).apply(handle, args)
  return Object.assign(heard, { listener })
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
