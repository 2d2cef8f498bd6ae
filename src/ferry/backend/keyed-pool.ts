import type { ScopedConnection } from '../../core/connection'
import { isConnectionHandle } from '../../core/connection-handle'
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

/**
 * One connection that is out, or on its way. It hangs on the connection's own lease, where it is found again. One is made for each
 * `getconn()`, so its fields are assigned by the constructor alone.
 */
class Entry implements LeaseObserver, Claim {
  declare readonly pool: KeyedPool
  declare readonly key: unknown
  declare promise: Promise<ScopedConnection> | undefined
  declare connection: ScopedConnection | undefined
  /** Of a connection that came too late for the close. */
  declare returning: Promise<void> | undefined
  declare previous: Entry | undefined
  declare next: Entry | undefined

  constructor(pool: KeyedPool, key: unknown) {
    this.pool = pool
    this.key = key
    this.promise = undefined
    this.connection = undefined
    this.returning = undefined
    this.previous = undefined
    this.next = undefined
  }

  lent(connection: ScopedConnection): void {
    this.connection = connection
    leaseOf(connection)?.observe(this)
    this.pool.lent(this, connection)
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
  /** The youngest of all. */
  #last: Entry | undefined
  #count = 0
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
    const entry = new Entry(this, usedKey)
    this.#add(entry)
    const taken = this.#source.acquire(entry)
    entry.promise = isConnectionHandle(taken) ? Promise.resolve(taken) : taken
    return entry.promise
  }

  /** @returns resolves when the connection has arrived where it came from; never rejects */
  putconn(connection: unknown, key?: unknown, close = false): Promise<void> {
    if (this.#isClosed) throw this.#policy.closedError()
    const entry = this.#find(connection)
    if (isAbsent(key)) {
      if (entry === undefined && !this.#source.isOut(connection)) throw this.#policy.unkeyedError(connection)
    } else {
      if (isAbsent(connection)) throw this.#policy.missingConnectionError()
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
    const entries: Entry[] = []
    for (let entry = this.#last; entry !== undefined; entry = entry.previous) entries.unshift(entry)
    await Promise.all(
      entries.map(async (entry) => {
        const { connection, promise } = entry
        if (connection !== undefined) return this.#source.giveBack(connection, this.#policy.closedError())
        await promise?.catch(() => undefined) // Its caller is told; here it is just gone.
        await entry.returning
      }),
    )
  }

  /** The entry has its connection. */
  lent(entry: Entry, connection: ScopedConnection): void {
    if (!this.#isClosed) return
    // Came too late for the close.
    entry.returning = this.#source.giveBack(connection, this.#policy.closedError())
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

  #add(entry: Entry): void {
    if (entry.key !== undefined) this.#byKey.set(entry.key, entry)
    entry.previous = this.#last
    if (this.#last !== undefined) this.#last.next = entry
    this.#last = entry
    this.#count += 1
  }

  #remove(entry: Entry): void {
    const { key, previous, next } = entry
    if (key !== undefined) this.#byKey.delete(key)
    if (previous !== undefined) previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    this.#count -= 1
  }
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}
