import type { ScopedConnection } from '../../core/connection'
import { isConnectionHandle, isLeaseEnded } from '../../core/connection-handle'
import { leaseOf, type LeaseEnd, type LeaseObserver } from '../../core/lease'
import type { Claim } from '../../service/lease-source'

/** Where a {@link KeyedPool} has its connections from. */
export interface KeyedPoolSource {
  /** A promise when there is something to wait for. The claim is told before the caller is. */
  acquire(claim: Claim): ScopedConnection | Promise<ScopedConnection>
  /**
   * Resolves when the connection is back; never rejects.
   *
   * @throws ForeignConnectionError, LeaseEndedError at the call
   */
  giveBack(connection: unknown, error?: unknown): Promise<void>
  /** Whether the source handed the connection out and has it not back yet. */
  isOut(connection: unknown): boolean
  /** All that it handed out and has not back yet, to whomever. */
  out(): readonly ScopedConnection[]
}

/** In what the kinds of `getconn()` differ. */
export interface KeyedPoolPolicy {
  /** The key of a caller who gave none; `undefined` when nobody else may ask for it. */
  autoKey(): unknown
  /** What makes keys equal; the key itself when nothing else is said. */
  normalizeKey(key: unknown): unknown
  /** Called for each new connection; answers the error when there may be no more. */
  reserve(usedCount: number): Error | undefined
  /** The opposite of {@link KeyedPoolPolicy.reserve}; `isKept` when the connection may be used again. */
  unreserve(isKept: boolean): void
  closedError(): Error
  /** The connection is none of those that are out. */
  unkeyedError(connection: unknown): Error
  /** Nothing is out under this key, or another connection is. */
  unknownKeyError(key: unknown): Error
  /** `putconn` was called with a key and without a connection. */
  missingConnectionError(): Error
  acquireError(error: unknown): Error
}

/** What becomes of the connection of one key, from `getconn()` to `putconn()`; of those without a key, of all. */
class Entry implements LeaseObserver, Claim {
  promise: Promise<ScopedConnection> | undefined

  constructor(
    readonly pool: KeyedPool,
    readonly key: unknown,
  ) {}

  lent(connection: ScopedConnection): void {
    leaseOf(connection)?.observe(this)
    this.pool.lent(connection)
  }

  refused(error: unknown): unknown {
    return this.pool.refused(this, error)
  }

  leaseEnded({ discard }: LeaseEnd): void {
    this.pool.ended(this, discard)
  }
}

/**
 * `getconn(key)` and `putconn(connection, key, close)` as in psycopg2.pool: the same key gives the same connection until it
 * is put back; `undefined` and `null` are the only absent keys. Unlike there, a give-back that is refused has changed
 * nothing. Whatever else ends a lease (`release()`, a dispose) frees its key as well.
 */
export class KeyedPool {
  readonly #source: KeyedPoolSource
  readonly #policy: KeyedPoolPolicy
  /** Those with a key that somebody may ask for. */
  readonly #byKey = new Map<unknown, Entry>()
  readonly #isMine = (observer: LeaseObserver): observer is Entry =>
    observer instanceof Entry && observer.pool === this
  /** For all without a key: nobody asks for one of them, so nothing needs to be known of it alone. */
  readonly #keyless = new Entry(this, undefined)
  /** Those that are out, or on their way. */
  #count = 0
  /** Connections that came too late for the close, on their way back. */
  readonly #late: Promise<void>[] = []
  #onNoneLeft: (() => void) | undefined
  #isClosed = false

  constructor(source: KeyedPoolSource, policy: KeyedPoolPolicy) {
    this.#source = source
    this.#policy = policy
  }

  /** Whether a key may be served is decided at the call, not when the promise is looked at. */
  getconn(key?: unknown): Promise<ScopedConnection> {
    if (this.#isClosed) return Promise.reject(this.#policy.closedError())
    const usedKey = isAbsent(key) ? this.#policy.autoKey() : this.#policy.normalizeKey(key)
    const present = usedKey === undefined ? undefined : this.#byKey.get(usedKey)
    if (present?.promise !== undefined) return present.promise
    const refused = this.#policy.reserve(this.#count)
    if (refused !== undefined) return Promise.reject(refused)
    this.#count += 1
    const entry = usedKey === undefined ? this.#keyless : new Entry(this, usedKey)
    if (usedKey !== undefined) this.#byKey.set(usedKey, entry)
    const taken = this.#source.acquire(entry)
    const promise = isConnectionHandle(taken) ? Promise.resolve(taken) : taken
    if (usedKey !== undefined) entry.promise = promise
    return promise
  }

  /** @returns resolves when the connection has arrived where it came from; never rejects */
  putconn(connection: unknown, key?: unknown, close = false): Promise<void> {
    if (this.#isClosed) throw this.#policy.closedError()
    if (isAbsent(key)) {
      // Of whichever pool of the source: each of them takes it home.
      if (!this.#source.isOut(connection)) throw this.#policy.unkeyedError(connection)
    } else {
      if (isAbsent(connection)) throw this.#policy.missingConnectionError()
      const entry = this.#find(connection)
      if (entry === undefined || entry.key !== this.#policy.normalizeKey(key)) {
        throw this.#policy.unknownKeyError(key)
      }
    }
    return this.#source.giveBack(
      connection,
      close ? new Error('closed at the request of putconn()') : undefined,
    )
  }

  /** Closes every connection that is out, under its borrower; afterwards every call is refused. */
  async closeall(): Promise<void> {
    if (this.#isClosed) throw this.#policy.closedError()
    this.#isClosed = true
    const mine = this.#source.out().filter((connection) => this.#find(connection) !== undefined)
    const returning = mine.map((connection) => this.#source.giveBack(connection, this.#policy.closedError()))
    // The others are on their way; their callers are told.
    if (this.#count > 0) await new Promise<void>((resolve) => (this.#onNoneLeft = resolve))
    await Promise.all([...returning, ...this.#late])
  }

  /** Somebody has its connection. */
  lent(connection: ScopedConnection): void {
    if (!this.#isClosed) return
    // Came too late for the close.
    if (!isLeaseEnded(connection))
      this.#late.push(this.#source.giveBack(connection, this.#policy.closedError()))
    throw this.#policy.closedError()
  }

  /** The entry gets no connection. */
  refused(entry: Entry, error: unknown): Error {
    this.#remove(entry)
    this.#policy.unreserve(false)
    return this.#policy.acquireError(error)
  }

  /** The lease of an entry has ended, by whichever way. */
  ended(entry: Entry, isDiscarded: boolean): void {
    this.#remove(entry)
    this.#policy.unreserve(!isDiscarded)
  }

  /** Only of those that are out: what was put back is unknown again. */
  #find(connection: unknown): Entry | undefined {
    const lease = leaseOf(connection)
    return lease === undefined || lease.isEnded ? undefined : lease.findObserver(this.#isMine)
  }

  #remove({ key }: Entry): void {
    if (key !== undefined) this.#byKey.delete(key)
    this.#count -= 1
    if (this.#count === 0) this.#onNoneLeft?.()
  }
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}
