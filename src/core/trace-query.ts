import type { Clock } from './clock'
import { QueryMessage, type QueryOrigin } from './query-message'
import { queryTrace, type Finish } from './tracing'

type Method = (...args: unknown[]) => unknown
type Client = Readonly<Record<PropertyKey, unknown>>

/** What a query made on this lease is traced with. */
export interface QueryTracing extends QueryOrigin {
  readonly clock: Clock
}

/**
 * `client.query(...args)` with a message on `pgferry:query`, in each of its forms: promise, callback, and a submittable such
 * as a cursor, which ends with the connection's readiness. To be called while `queryTrace.isActive`.
 */
export function traceQuery(client: Client, args: unknown[], tracing: QueryTracing): unknown {
  const message = new QueryMessage(tracing, client, textOf(args[0]))
  return queryTrace.call(message, (finish) => sendTraced(client, args, finish), tracing.clock)
}

function sendTraced(client: Client, args: unknown[], finish: Finish): unknown {
  const query = client['query'] as Method
  if (isSubmittable(args[0])) {
    watchSubmittable(args[0], finish)
    return query.apply(client, args)
  }
  const traced = args.map((arg) => tracedCallback(arg, finish))
  const result = query.apply(client, traced)
  if (!isPromise(result)) return result
  return result.then(
    (value) => {
      finish()
      return value
    },
    (error: unknown) => {
      finish(error)
      throw error
    },
  )
}

function textOf(statement: unknown): string {
  if (typeof statement === 'string') return statement
  if (typeof statement !== 'object' || statement === null) return ''
  const { text, cursor, name } = statement as { text?: unknown; cursor?: unknown; name?: unknown }
  if (typeof text === 'string') return text
  // A query stream keeps its text in the cursor inside.
  if (cursor !== statement && cursor !== undefined) return textOf(cursor)
  // A statement prepared before may come by its name alone.
  return typeof name === 'string' ? 'EXECUTE' : ''
}

/** The callback as an argument, or as a property of a query config. */
function tracedCallback(arg: unknown, finish: Finish): unknown {
  if (typeof arg === 'function') return withFinish(arg as Method, finish)
  if (typeof arg !== 'object' || arg === null) return arg
  const { callback } = arg as { callback?: unknown }
  if (typeof callback !== 'function') return arg
  return Object.assign(Object.create(arg) as object, { callback: withFinish(callback as Method, finish) })
}

function withFinish(callback: Method, finish: Finish): Method {
  return function (this: unknown, error, ...rest) {
    finish(error ?? undefined, () => callback.call(this, error, ...rest))
  }
}

type Submittable = Record<string, unknown> & { submit: Method }

function isSubmittable(value: unknown): value is Submittable {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Submittable>).submit === 'function'
  )
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

/** The driver tells a submittable about its end by one of these two; the object's own methods are put back then. */
function watchSubmittable(submittable: Submittable, finish: Finish): void {
  const names = ['handleError', 'handleReadyForQuery'] as const
  const own = names.map((name) => Object.getOwnPropertyDescriptor(submittable, name))
  const restore = (): void => {
    names.forEach((name, index) => {
      const descriptor = own[index]
      if (descriptor === undefined) Reflect.deleteProperty(submittable, name)
      else Object.defineProperty(submittable, name, descriptor)
    })
  }
  for (const name of names) {
    const original = submittable[name]
    submittable[name] = (...args: unknown[]): void => {
      restore()
      const error = name === 'handleError' ? (args[0] ?? new Error('the query failed')) : undefined
      finish(error, () => {
        if (typeof original === 'function') (original as Method).apply(submittable, args)
      })
    }
  }
}
