import { systemClock } from '../../core/clock'
import { InvalidOptionError } from '../../core/errors'
import { checkOptions, isFunction, isObject, isString, nearestName } from '../../core/options'
import { boundedAcquire } from './bounded-acquire'
import type { BackendLease, BackendOptions, LegacyBackend } from './legacy-backend'

/** How a delegate calls its two ends. */
export interface DelegateMethods {
  /** The delegate's method that gives a connection, or a handle whose `open()` or `connect()` does. */
  readonly acquire: string
  /** The method that takes it back: the delegate's, called with the connection, or the connection's own. */
  readonly release?: string
}

type Method = (...args: unknown[]) => unknown
type Bag = Readonly<Record<PropertyKey, unknown>>

/** How a connection gives itself back when nobody names the method. */
const ownReleaseNames: readonly PropertyKey[] = ['release', 'close', Symbol.asyncDispose]

/**
 * The legacy side as a delegate whose methods have any names.
 *
 * @throws InvalidOptionError when the delegate has no method of the name given for `acquire`
 * @example
 * const legacy = fromDelegate(infra, { acquire: 'getDbConnection', release: 'releaseDbConnection' })
 */
export function fromDelegate(
  delegate: object,
  methods: DelegateMethods,
  options: BackendOptions = {},
): LegacyBackend {
  checkOptions('fromDelegate', methods, { acquire: isString, release: isString })
  checkOptions('fromDelegate', options, { maxConnections: () => true, clock: (value) => isObject(value) })
  const acquire = requireMethod(delegate, methods.acquire)
  const { clock = systemClock, maxConnections } = options
  const lend = async (): Promise<BackendLease> => {
    const handle = (await acquire.call(delegate)) as object
    const client = await openHandle(handle)
    const release = findRelease(delegate, methods.release, handle, client)
    return { client, release }
  }
  return {
    kind: 'delegate',
    ...(maxConnections === undefined ? {} : { maxConnections }),
    acquire: (request) => boundedAcquire('delegate', lend, request, clock),
  }
}

function requireMethod(delegate: object, name: string): Method {
  const method = (delegate as Bag | undefined)?.[name]
  if (isFunction(method) === true) return method as Method
  const nearest = nearestName(name, methodNames(delegate))
  const hint = nearest === undefined ? '' : ` (did you mean '${nearest}'?)`
  throw new InvalidOptionError('fromDelegate.acquire', name, `the name of a method of the delegate${hint}`)
}

function methodNames(delegate: object): string[] {
  const names = new Set<string>()
  for (let level: object | null = delegate; level !== null && level !== Object.prototype;) {
    for (const name of Object.getOwnPropertyNames(level)) names.add(name)
    level = Object.getPrototypeOf(level) as object | null
  }
  names.delete('constructor')
  return [...names]
}

/** Some delegates give a handle first, which holds nothing before it is opened. */
async function openHandle(handle: object): Promise<object> {
  const { open, connect, query } = handle as Bag
  if (typeof query === 'function') return handle
  const step = typeof open === 'function' ? open : connect
  if (typeof step !== 'function') return handle
  const opened = await (step as Method).call(handle)
  return typeof opened === 'object' && opened !== null ? opened : handle
}

function findRelease(
  delegate: object,
  name: string | undefined,
  handle: object,
  client: object,
): BackendLease['release'] {
  const delegates = name === undefined ? undefined : (delegate as Bag)[name]
  if (typeof delegates === 'function') {
    return async (error) => {
      await (error
        ? (delegates as Method).call(delegate, client, error)
        : (delegates as Method).call(delegate, client))
    }
  }
  for (const owner of [client, handle]) {
    for (const own of name === undefined ? ownReleaseNames : [name]) {
      const method = (owner as Bag)[own]
      if (typeof method !== 'function') continue
      return async (error) => {
        await (error ? (method as Method).call(owner, error) : (method as Method).call(owner))
      }
    }
  }
  throw new InvalidOptionError(
    'fromDelegate.release',
    name,
    'the name of a method of the delegate or of the connection; the connection that was just acquired cannot be given back',
  )
}
