import type { ClientBase } from 'pg'
import { LeaseEndedError } from '../../core/errors'

type Method = (...args: unknown[]) => unknown
interface Submittable {
  submit: Method
  handleError(error: Error, connection: unknown): void
}

/** Who knows of a client whether anybody has it. */
export interface ClientGuard {
  readonly client: ClientBase
  readonly isAtRest: boolean
  /** The client's own `query`, where it had one of its own. */
  ownQuery: Method | undefined
}

/** Where a client keeps its guard: what is put on it is then one function for all clients. */
const guardKey = Symbol('pgferry.guard')

/**
 * Refuses queries through a client while nobody has it: they would run among those of the next borrower. The form of the query
 * decides how: a rejected promise, the callback, or the submittable's own `handleError`. Nothing reaches the server.
 */
export function guardClient(guard: ClientGuard): void {
  const { client } = guard
  guard.ownQuery = Object.getOwnPropertyDescriptor(client, 'query')?.value as Method | undefined
  Object.defineProperty(client, guardKey, { value: guard })
  Object.defineProperty(client, 'query', {
    configurable: true,
    writable: true,
    enumerable: false,
    value: guardedQuery,
  })
  // Whatever a promise is resolved with is asked for `then` first; answered here, the search need not go through all that is above.
  if (!('then' in client)) {
    Object.defineProperty(client, 'then', { configurable: true, writable: true, value: undefined })
  }
}

/** Sends for the pool itself, past the guard. */
export function sendUnguarded(guard: ClientGuard, text: string): unknown {
  return queryOf(guard).call(guard.client, text)
}

// `pg` takes three; a rest parameter would cost each query an array.
function guardedQuery(
  this: { readonly [guardKey]: ClientGuard },
  text: unknown,
  values: unknown,
  callback: unknown,
): unknown {
  const guard = this[guardKey]
  if (guard.isAtRest) return refuse(guard.client, [text, values, callback])
  // No more than was given: who instruments `pg` looks for the callback at the end.
  const query = queryOf(guard)
  if (callback !== undefined) return query.call(guard.client, text, values, callback)
  return values === undefined ? query.call(guard.client, text) : query.call(guard.client, text, values)
}

/** Looked up anew for each query: who instruments `pg` puts its own in the prototype, at any time. */
function queryOf({ client, ownQuery }: ClientGuard): Method {
  return ownQuery ?? (Object.getPrototypeOf(client) as { query: Method }).query
}

function refuse(client: ClientBase, args: readonly unknown[]): unknown {
  const error = new LeaseEndedError('a query was sent through a client that had been released to its pool')
  const [first] = args
  if (isSubmittable(first)) {
    process.nextTick(() => {
      first.handleError(error, (client as { connection?: unknown }).connection)
    })
    return first
  }
  const callback = args.find((arg) => typeof arg === 'function') as Method | undefined
  const inConfig = (first as { callback?: Method } | null | undefined)?.callback
  const told = callback ?? inConfig
  if (told === undefined) return Promise.reject(error)
  process.nextTick(told, error)
  return undefined
}

/** Whether `value` sends itself: a cursor, a stream, a `pg.Query`. */
export function isSubmittable(value: unknown): value is Submittable {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Submittable>).submit === 'function'
  )
}
