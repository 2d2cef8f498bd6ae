import { AsyncResource } from 'node:async_hooks'
import type { ScopedConnection } from './connection'
import { LeaseEndedError } from './errors'

/** How a borrower ended a lease. `discard` closes the connection; `error` is what made the borrower distrust it. */
export interface LeaseEnd {
  readonly discard: boolean
  readonly error?: unknown
}

interface HandleState {
  isEnded: boolean
  isDiscarded: boolean
  discardError: unknown
  readonly listeners: { event: string | symbol; listener: (...args: unknown[]) => void }[]
  readonly onEnd: (end: LeaseEnd) => void
  readonly observers: ((end: LeaseEnd) => void)[]
}

const stateKey = Symbol('pgferry.lease')
type Handle = { [stateKey]: HandleState }
type Method = (...args: unknown[]) => unknown
type Client = Record<PropertyKey, unknown>

/** One prototype per client, made once: a handle itself is then one small object. */
const prototypes = new WeakMap<object, object>()

/**
 * Makes the handle through which one borrower uses `client` for the length of one lease. The handle inherits from the
 * client, so it is `instanceof` whatever the client is and shows its properties; what the borrower writes on it stays on
 * it; methods run on the client itself. `onEnd` is called once, when the lease ends by any way.
 */
export function createConnectionHandle(client: object, onEnd: (end: LeaseEnd) => void): ScopedConnection {
  let prototype = prototypes.get(client)
  if (prototype === undefined) {
    prototype = createHandlePrototype(client as Client)
    prototypes.set(client, prototype)
  }
  const handle = Object.create(prototype) as Handle
  const state: HandleState = {
    isEnded: false,
    isDiscarded: false,
    discardError: undefined,
    listeners: [],
    onEnd,
    observers: [],
  }
  Object.defineProperty(handle, stateKey, { value: state })
  return handle as unknown as ScopedConnection
}

/**
 * Ends the lease of a handle: listeners of the borrower are removed, every later use is refused, `onEnd` is told.
 *
 * @throws LeaseEndedError when it has ended before; nothing is changed then.
 */
export function endLease(handle: object, error?: unknown): void {
  const state = stateOf(handle)
  if (state === undefined) throw new TypeError('not a connection handle')
  if (state.isEnded) throw new LeaseEndedError('the connection was given back already')
  state.isEnded = true
  const client = Object.getPrototypeOf(Object.getPrototypeOf(handle)) as Client
  for (const { event, listener } of state.listeners)
    (client['removeListener'] as Method).call(client, event, listener)
  state.listeners.length = 0
  const isDiscarded = state.isDiscarded || Boolean(error)
  const cause = error || state.discardError
  const end: LeaseEnd =
    cause === undefined ? { discard: isDiscarded } : { discard: isDiscarded, error: cause }
  state.onEnd(end)
  for (const observer of state.observers) observer(end)
}

/** Calls `observer` once when the lease of `handle` ends, after its owner took the connection back; it must not throw. */
export function observeLeaseEnd(handle: ScopedConnection, observer: (end: LeaseEnd) => void): void {
  stateOf(handle)?.observers.push(observer)
}

/** Whether `value` was made by {@link createConnectionHandle}. */
export function isConnectionHandle(value: unknown): value is ScopedConnection {
  return stateOf(value) !== undefined
}

/** Whether the lease of this handle has ended. False for anything that is no handle. */
export function isLeaseEnded(handle: unknown): boolean {
  return stateOf(handle)?.isEnded === true
}

function stateOf(value: unknown): HandleState | undefined {
  return typeof value === 'object' && value !== null ? (value as Partial<Handle>)[stateKey] : undefined
}

function createHandlePrototype(client: Client): object {
  const prototype = Object.create(client) as Record<PropertyKey, unknown>
  const define = (name: PropertyKey, value: Method): void => {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true, enumerable: false })
  }
  for (const name of methodNames(client)) define(name, forwarded(client, name))
  for (const name of ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener']) {
    if (typeof client[name] === 'function') define(name, trackedListener(client, name))
  }
  for (const name of ['removeListener', 'off', 'removeAllListeners']) {
    if (typeof client[name] === 'function') define(name, untrackedListener(client, name))
  }
  for (const name of pureMethods) {
    if (typeof client[name] === 'function')
      define(name, (...args) => (client[name] as Method).apply(client, args))
  }
  define('query', guardedQuery(client))
  define('discard', function (this: Handle, error?: unknown) {
    requireLive(this[stateKey])
    this[stateKey].isDiscarded = true
    this[stateKey].discardError = error
  })
  define('release', function (this: Handle, error?: unknown) {
    endLease(this, error)
  })
  define(Symbol.asyncDispose, function (this: Handle) {
    if (!this[stateKey].isEnded) endLease(this)
    return Promise.resolve()
  })
  return prototype
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

function requireLive(state: HandleState): void {
  if (state.isEnded) throw createEndedError()
}

function createEndedError(): LeaseEndedError {
  return new LeaseEndedError('the connection was used after it had been given back')
}

/** A method of the client, run on the client; a fluent method answers the handle, never the bare client. */
function forwarded(client: Client, name: PropertyKey): Method {
  const isAsync = name === 'end' || name === 'connect'
  return function (this: Handle, ...args: unknown[]) {
    if (isAsync && this[stateKey].isEnded) return Promise.reject(createEndedError())
    requireLive(this[stateKey])
    const result = (client[name] as Method).apply(client, args)
    return result === client ? this : result
  }
}

function trackedListener(client: Client, name: string): Method {
  return function (this: Handle, event, listener) {
    const state = this[stateKey]
    requireLive(state)
    ;(client[name] as Method).call(client, event, listener)
    state.listeners.push({ event: event as string, listener: listener as Method })
    return this
  }
}

/** Taking a listener away is allowed after the lease too: it is what a `finally` does, and there is nothing left to do. */
function untrackedListener(client: Client, name: string): Method {
  return function (this: Handle, event, listener) {
    const state = this[stateKey]
    if (state.isEnded) return this
    const gone =
      name === 'removeAllListeners'
        ? // Only the borrower's own: the pool listens on the same client.
          state.listeners.filter((entry) => event === undefined || entry.event === event)
        : state.listeners.filter((entry) => entry.event === event && entry.listener === listener).slice(-1)
    for (const entry of gone) {
      ;(client['removeListener'] as Method).call(client, entry.event, entry.listener)
      state.listeners.splice(state.listeners.indexOf(entry), 1)
    }
    return this
  }
}

/** `query` answers as its form asks: a rejected promise, the callback, or the submittable's own `handleError`. */
function guardedQuery(client: Client): Method {
  return function (this: Handle, ...args: unknown[]) {
    if (!this[stateKey].isEnded) return (client['query'] as Method).apply(client, args.map(inCallersContext))
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
}

/** The driver calls back from its socket, in the async context of whoever opened that: a callback belongs to its caller's. */
function inCallersContext(arg: unknown): unknown {
  if (typeof arg === 'function') return AsyncResource.bind(arg as Method)
  if (typeof arg !== 'object' || arg === null) return arg
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
