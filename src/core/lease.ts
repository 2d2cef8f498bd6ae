import type { ScopedConnection } from './connection'
import { LeaseEndedError } from './errors'
import type { QueryTracing } from './trace-query'

/** How a borrower ended a lease. `discard` closes the connection; `error` is what made the borrower distrust it. */
export interface LeaseEnd {
  readonly discard: boolean
  readonly error?: unknown
}

/** Hears once of the end of a lease, after its owner took the connection back; it must not throw. */
export interface LeaseObserver {
  leaseEnded(end: LeaseEnd): void
}

/** Where a handle keeps its lease; by a plain property, because making a hidden one costs more than all the rest. */
export const leaseKey = Symbol('pgferry.lease')

type Listener = (...args: unknown[]) => void
interface Emitter {
  removeListener(event: string | symbol, listener: Listener): unknown
}
interface BorrowedListener {
  readonly event: string | symbol
  readonly listener: Listener
}

const kept: LeaseEnd = Object.freeze({ discard: false })

/**
 * One borrower's time with one client, from acquire to give-back. Whoever lends derives a class of its own from it: one object
 * a lease instead of closures over it.
 */
export abstract class Lease {
  isEnded = false
  /** Set by `lend`. */
  handle: ScopedConnection | undefined
  readonly client: object
  /** Statements sent through the handle. */
  statementCount = 0
  /** Why the borrower wants the client closed; it need not say. */
  #discarded: { readonly error: unknown } | undefined
  #listeners: BorrowedListener[] | undefined
  // Most leases have one observer or none; an array is made for the second.
  #observer: LeaseObserver | undefined
  #moreObservers: LeaseObserver[] | undefined

  constructor(client: object) {
    this.client = client
  }

  /** What queries on the handle are traced with; without it they are not. */
  get tracing(): QueryTracing | undefined {
    return undefined
  }

  /** Takes the connection back; called once, whichever way the lease ends. */
  protected abstract takeBack(end: LeaseEnd): void

  /**
   * Ends the lease: listeners of the borrower are removed, every later use is refused, the owner is told.
   *
   * @throws LeaseEndedError when it has ended before; nothing is changed then.
   */
  end(error?: unknown): void {
    if (this.isEnded) throw new LeaseEndedError('the connection was given back already')
    this.isEnded = true
    if (this.#listeners !== undefined) this.#removeListeners(this.#listeners)
    const end = this.#discarded !== undefined || error ? this.#toDiscard(error) : kept
    this.takeBack(end)
    if (this.#observer !== undefined) this.#tell(this.#observer, end)
  }

  /** Has the client closed when the lease ends. */
  discard(error: unknown): void {
    this.requireLive()
    this.#discarded = { error }
  }

  /** @throws LeaseEndedError */
  requireLive(): void {
    if (this.isEnded) throw createEndedError()
  }

  observe(observer: LeaseObserver): void {
    if (this.#observer === undefined) this.#observer = observer
    else (this.#moreObservers ??= []).push(observer)
  }

  /** The observer for which `isWanted` is true. */
  findObserver<T extends LeaseObserver>(isWanted: (observer: LeaseObserver) => observer is T): T | undefined {
    const first = this.#observer
    if (first === undefined || isWanted(first)) return first
    return this.#moreObservers?.find(isWanted)
  }

  /** Notes a listener that the borrower has put on the client. */
  addListener(event: string | symbol, listener: Listener): void {
    ;(this.#listeners ??= []).push({ event, listener })
  }

  /** Takes one listener of the borrower's off the client, the last one added. */
  removeListener(event: unknown, listener: unknown): void {
    const listeners = this.#listeners ?? []
    const index = listeners.findLastIndex((entry) => entry.event === event && entry.listener === listener)
    this.#removeListeners(index < 0 ? [] : listeners.splice(index, 1))
  }

  /** Takes off all that the borrower has put there, for one event or for all; the pool listens on the same client. */
  removeAllListeners(event: unknown): void {
    const listeners = this.#listeners ?? []
    const isGone = (entry: BorrowedListener): boolean => event === undefined || entry.event === event
    this.#listeners = listeners.filter((entry) => !isGone(entry))
    this.#removeListeners(listeners.filter(isGone))
  }

  /** For `console.log` of a handle: its borrower looks for the connection, not for who has lent it. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.isEnded ? '[ended lease]' : '[lease]'
  }

  #removeListeners(listeners: readonly BorrowedListener[]): void {
    const client = this.client as Emitter
    for (const { event, listener } of listeners) client.removeListener(event, listener)
  }

  #toDiscard(error: unknown): LeaseEnd {
    const cause = error || this.#discarded?.error
    return cause === undefined ? { discard: true } : { discard: true, error: cause }
  }

  #tell(first: LeaseObserver, end: LeaseEnd): void {
    first.leaseEnded(end)
    if (this.#moreObservers === undefined) return
    for (const observer of this.#moreObservers) observer.leaseEnded(end)
  }
}

/** A lease of whoever has no class of its own for it. */
export class CallbackLease extends Lease {
  readonly #onEnd: (end: LeaseEnd) => void

  constructor(client: object, onEnd: (end: LeaseEnd) => void) {
    super(client)
    this.#onEnd = onEnd
  }

  protected override takeBack(end: LeaseEnd): void {
    this.#onEnd(end)
  }
}

/** The lease behind a handle, ended or not; `undefined` for anything that is no handle, copies of one included. */
export function leaseOf(value: unknown): Lease | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const lease = (value as { readonly [leaseKey]?: Lease })[leaseKey]
  return lease?.handle === value ? lease : undefined
}

export function createEndedError(): LeaseEndedError {
  return new LeaseEndedError('the connection was used after it had been given back')
}
