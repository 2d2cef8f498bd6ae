import type { Clock, TimerHandle } from '../core/clock'
import { AcquireAbortedError } from '../core/errors'
import { onAbort } from '../core/on-abort'

export interface WaitOptions {
  /** Milliseconds until the wait ends with the error that `onTimeout` makes. */
  readonly timeoutMs: number
  readonly onTimeout: () => Error
  readonly signal?: AbortSignal | undefined
}

/** One caller in the queue. Out of the queue it still keeps its deadline and its signal until it is settled. */
export interface Waiter<T> {
  /** False when the caller has gone meanwhile; the value is then still the giver's. */
  resolve(value: T): boolean
  reject(error: Error): boolean
  readonly isSettled: boolean
}

/** Callers in order of arrival; each settles exactly once, by what comes first: value, error, deadline or signal. */
export class WaitQueue<T, Request = undefined> {
  readonly #clock: Clock
  readonly #waiters = new Map<Waiter<T>, Request>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get length(): number {
    return this.#waiters.size
  }

  /** Joins the end of the queue. */
  wait(request: Request, options: WaitOptions): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiter = new QueuedWaiter<T>(resolve, reject, () => this.#waiters.delete(waiter))
      waiter.watch(this.#clock, options)
      this.#waiters.set(waiter, request)
    })
  }

  /** Takes the first caller out of the queue; whoever takes it must settle it or leave it to its deadline. */
  shift(): { waiter: Waiter<T>; request: Request } | undefined {
    for (const [waiter, request] of this.#waiters) {
      this.#waiters.delete(waiter)
      return { waiter, request }
    }
    return undefined
  }

  rejectAll(makeError: () => Error): void {
    for (const waiter of [...this.#waiters.keys()]) waiter.reject(makeError())
  }
}

/** The error for a caller whose signal has ended its wait; `cause` is the signal's reason. */
export function createAbortError(signal: AbortSignal): AcquireAbortedError {
  return new AcquireAbortedError('waiting for a connection was ended by the AbortSignal of the caller', {
    cause: signal.reason,
  })
}

class QueuedWaiter<T> implements Waiter<T> {
  isSettled = false
  #stopWatching: (() => void) | undefined

  constructor(
    private readonly onResolve: (value: T) => void,
    private readonly onReject: (error: Error) => void,
    private readonly leaveQueue: () => void,
  ) {}

  watch(clock: Clock, { timeoutMs, onTimeout, signal }: WaitOptions): void {
    const timer: TimerHandle = clock.setTimer(() => this.#rejectWith(onTimeout), timeoutMs)
    const stopListening = onAbort(signal, () => {
      if (signal !== undefined) this.reject(createAbortError(signal))
    })
    this.#stopWatching = () => {
      clock.clearTimer(timer)
      stopListening()
    }
  }

  resolve(value: T): boolean {
    if (!this.#settle()) return false
    this.onResolve(value)
    return true
  }

  reject(error: Error): boolean {
    return this.#rejectWith(() => error)
  }

  /** The error is made after the waiter has left the queue, so that it does not count itself. */
  #rejectWith(makeError: () => Error): boolean {
    if (!this.#settle()) return false
    this.onReject(makeError())
    return true
  }

  #settle(): boolean {
    if (this.isSettled) return false
    this.isSettled = true
    this.#stopWatching?.()
    this.leaveQueue()
    return true
  }
}
