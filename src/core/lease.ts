import type { ScopedConnection } from './connection'
import { LeaseEndedError } from './errors'
import type { QueryTracing } from './trace-query'

/** How a borrower ended a lease. `discard` closes the connection; `error` is what made the borrower distrust it. */
export interface LeaseEnd {
  readonly discard: boolean
  readonly error?: unknown
}

/** Hears once of the end of each lease that it observes, after its owner took the connection back; it must not throw. */
export interface LeaseObserver {
  leaseEnded(end: LeaseEnd, lease: Lease): void
}

/** Where a handle keeps its lease; by a plain property, because making a hidden one costs more than all the rest. */
export const leaseKey = Symbol('pgferry.lease')

/** One that stands for the borrower's own shows that. */
type Listener = ((...args: unknown[]) => void) & { readonly listener?: unknown }
interface Emitter {
  removeListener(event: string | symbol, listener: Listener): unknown
}
interface BorrowedListener {
  readonly event: string | symbol
  readonly listener: Listener
}

const kept: LeaseEnd = Object.freeze({ discard: false })
/** How a lease has ended is not kept. */
const unknownEnd: LeaseEnd = Object.freeze({ discard: true })

/** What few leases have. */
class LeaseExtras {
  /** Why the borrower wants the client closed; it need not say. */
  discarded: { readonly error: unknown } | undefined
  listeners: BorrowedListener[] | undefined
  /** Beyond the first two. */
  observers: LeaseObserver[] | undefined
}

/**
 * One borrower's time with one client, from acquire to give-back. Whoever lends derives a class of its own from it: one object
 * a lease instead of closures over it. It is small, and its fields are assigned by the constructor alone, because one is made for
 * each acquire.
 */
export abstract class Lease {
  declare isEnded: boolean
  /** Set by `lend`. */
  declare handle: ScopedConnection | undefined
  declare readonly client: object
  /** Statements sent through the handle. */
  declare statementCount: number
  // Most leases have two or fewer.
  declare private observer: LeaseObserver | undefined
  declare private secondObserver: LeaseObserver | undefined
  declare private extras: LeaseExtras | undefined

  constructor(client: object) {
    this.isEnded = false
    this.handle = undefined
    this.client = client
    this.statementCount = 0
    this.observer = undefined
    this.secondObserver = undefined
    this.extras = undefined
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
    const { extras } = this
    if (extras?.listeners !== undefined) takeOff(this.client, extras.listeners)
    const end = error || extras?.discarded !== undefined ? toDiscard(error || extras?.discarded?.error) : kept
    this.takeBack(end)
    if (this.observer !== undefined) this.tell(this.observer, end)
  }

  /** Has the client closed when the lease ends. */
  discard(error: unknown): void {
    this.requireLive()
    this.extra().discarded = { error }
  }

  /** @throws LeaseEndedError */
  requireLive(): void {
    if (this.isEnded) throw createEndedError()
  }

  /** Whoever comes too late hears at once. */
  observe(observer: LeaseObserver): void {
    if (this.isEnded) observer.leaseEnded(unknownEnd, this)
    else if (this.observer === undefined) this.observer = observer
    else if (this.secondObserver === undefined) this.secondObserver = observer
    else (this.extra().observers ??= []).push(observer)
  }

  /** The observer for which `isWanted` is true. */
  findObserver<T extends LeaseObserver>(isWanted: (observer: LeaseObserver) => observer is T): T | undefined {
    const { observer, secondObserver } = this
    if (observer === undefined || isWanted(observer)) return observer
    if (secondObserver === undefined || isWanted(secondObserver)) return secondObserver
    return this.extras?.observers?.find(isWanted)
  }

  /** Notes a listener that the borrower has put on the client. */
  addListener(event: string | symbol, listener: Listener): void {
    ;(this.extra().listeners ??= []).push({ event, listener })
  }

  /** Takes one listener of the borrower's off the client, the last one added. */
  removeListener(event: unknown, listener: unknown): void {
    const listeners = this.extras?.listeners ?? []
    const index = listeners.findLastIndex(
      (entry) =>
        entry.event === event && (entry.listener === listener || entry.listener.listener === listener),
    )
    if (index >= 0) takeOff(this.client, listeners.splice(index, 1))
  }

  /** Takes off all that the borrower has put there, for one event or for all; the pool listens on the same client. */
  removeAllListeners(event: unknown): void {
    if (this.extras?.listeners === undefined) return
    const { listeners } = this.extras
    const isGone = (entry: BorrowedListener): boolean => event === undefined || entry.event === event
    this.extras.listeners = listeners.filter((entry) => !isGone(entry))
    takeOff(this.client, listeners.filter(isGone))
  }

  /** For `console.log` of a handle: its borrower looks for the connection, not for who has lent it. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.isEnded ? '[ended lease]' : '[lease]'
  }

  private tell(first: LeaseObserver, end: LeaseEnd): void {
    const { secondObserver, extras } = this
    first.leaseEnded(end, this)
    secondObserver?.leaseEnded(end, this)
    if (extras?.observers !== undefined)
      for (const observer of extras.observers) observer.leaseEnded(end, this)
  }

  private extra(): LeaseExtras {
    return (this.extras ??= new LeaseExtras())
  }
}

function takeOff(client: object, listeners: readonly BorrowedListener[]): void {
  for (const { event, listener } of listeners) (client as Emitter).removeListener(event, listener)
}

function toDiscard(error: unknown): LeaseEnd {
  return error === undefined ? { discard: true } : { discard: true, error }
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
