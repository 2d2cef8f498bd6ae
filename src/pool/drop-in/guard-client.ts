import type { ClientBase } from 'pg'
import { LeaseEndedError } from '../../core/errors'

type Method = (...args: unknown[]) => unknown
interface Submittable {
  submit: Method
  handleError(error: Error, connection: unknown): void
}

/**
 * Refuses queries through a client while nobody has it: they would run among those of the next borrower. The form of the query
 * decides how: a rejected promise, the callback, or the submittable's own `handleError`. Nothing reaches the server.
 *
 * @returns the client's own way to send, for the pool itself
 */
export function guardClient(client: ClientBase, isAtRest: () => boolean): Method {
  const own = Object.getOwnPropertyDescriptor(client, 'query')?.value as Method | undefined
  const prototype = Object.getPrototypeOf(client) as { query?: Method }
  // Looked up anew for each query: who instruments `pg` puts its own in the prototype, at any time.
  const send = (...args: unknown[]): unknown => (own ?? prototype.query)?.apply(client, args)
  // `pg` takes three; a rest parameter would cost each query an array.
  const query = function (text: unknown, values: unknown, callback: unknown): unknown {
    if (isAtRest()) return refuse(client, [text, values, callback])
    return (own ?? prototype.query)?.call(client, text, values, callback)
  }
  Object.defineProperty(client, 'query', {
    configurable: true,
    writable: true,
    enumerable: false,
    value: query,
  })
  return send
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
