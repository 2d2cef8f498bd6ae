import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import type { Clock } from './clock'
import type { QueryMessage } from './query-message'
import { toSafeError } from './safe-error'
import type { AcquireMessage, ConnectMessage, ReleaseMessage } from './trace-messages'

/** Tells that a traced call has ended, badly when `error` is given; runs `continuation` as what follows from it. */
export type Finish = (error?: unknown, continuation?: () => void) => void

type Duration<M> = Extract<keyof M, 'waitMs' | 'durationMs'>
/** Node has the property since 20.13; its published types do not. */
type ObservableChannel<M extends object> = TracingChannel<unknown, M> & { readonly hasSubscribers: boolean }
type Timed = { waitMs?: number; durationMs?: number; error?: unknown }

/**
 * One of the four calls that can be watched from outside, by the protocol of `TracingChannel` in `node:diagnostics_channel`.
 * A call site asks {@link Trace.isActive} first: without a subscriber, that is all it costs.
 *
 * @example
 * if (!acquireTrace.isActive) return this.#acquire(request)
 * return acquireTrace.promise({ pool, purpose, owner }, () => this.#acquire(request), this.#clock)
 */
export class Trace<M extends { error?: unknown }> {
  readonly #channel: ObservableChannel<M>
  readonly #duration: Duration<M> | undefined
  readonly #describeError: (error: unknown) => unknown

  constructor(
    name: string,
    duration: Duration<M> | undefined,
    describeError: (error: unknown) => unknown = (error) => error,
  ) {
    this.#channel = tracingChannel<unknown, M>(name)
    this.#duration = duration
    this.#describeError = describeError
  }

  /** Whether anybody listens. */
  get isActive(): boolean {
    return this.#channel.hasSubscribers
  }

  /** Traces a call that ends when it returns. */
  sync<T>(message: M, work: () => T): T {
    hideOwner(message)
    return this.#start(message, work)
  }

  /** Traces a call that ends when its promise settles; results are never published. */
  promise<T>(message: M, work: () => Promise<T>, clock: Clock): Promise<T> {
    return this.call(
      message,
      (finish) =>
        work().then(
          (value) => {
            finish()
            return value
          },
          (error: unknown) => {
            finish(error)
            throw error
          },
        ),
      clock,
    )
  }

  /** Traces a call that ends when `finish` is called; a second `finish` only runs its continuation. */
  call<T>(message: M, work: (finish: Finish) => T, clock: Clock): T {
    hideOwner(message)
    const startedMs = clock.now()
    let isFinished = false
    const finish: Finish = (error, continuation = nothing) => {
      if (isFinished) {
        continuation()
        return
      }
      isFinished = true
      if (this.#duration !== undefined) (message as Timed)[this.#duration] = clock.now() - startedMs
      if (error !== undefined) this.#fail(message, error)
      const { asyncStart, asyncEnd } = this.#channel
      try {
        asyncStart.runStores(message, continuation)
      } finally {
        asyncEnd.publish(message)
      }
    }
    return this.#start(message, () => work(finish))
  }

  #start<T>(message: M, work: () => T): T {
    const { start, end } = this.#channel
    return start.runStores(message, () => {
      try {
        return work()
      } catch (error) {
        this.#fail(message, error)
        throw error
      } finally {
        end.publish(message)
      }
    })
  }

  #fail(message: M, error: unknown): void {
    message.error = this.#describeError(error)
    this.#channel.error.publish(message)
  }
}

/** Published by whoever lends to borrowers: the service for its strategies, `Pool` of `pgferry/pg` for itself. */
export const acquireTrace = new Trace<AcquireMessage>('pgferry:acquire', 'waitMs')
export const releaseTrace = new Trace<ReleaseMessage>('pgferry:release', undefined)
export const connectTrace = new Trace<ConnectMessage>('pgferry:connect', 'durationMs', toSafeError)
/** Published through `traceQuery`, which knows the forms of a query. */
export const queryTrace = new Trace<QueryMessage>('pgferry:query', 'durationMs', toSafeError)

/** The names that subscribers give to `tracingChannel()`. */
export const traceChannelNames = Object.freeze([
  'pgferry:acquire',
  'pgferry:release',
  'pgferry:connect',
  'pgferry:query',
] as const)

/**
 * Key of a method that answers the pools of a service by name, as the `owner` in their messages is; so that an observer of
 * one service can tell its messages from those of others.
 */
export const tracedPools: unique symbol = Symbol.for('pgferry.tracedPools')

function hideOwner(message: object): void {
  if (Object.hasOwn(message, 'owner')) Object.defineProperty(message, 'owner', { enumerable: false })
}

function nothing(): void {
  // Nothing follows.
}
