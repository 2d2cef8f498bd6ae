import type { ScopedConnection } from '../../core/connection'
import { observeLeaseEnd } from '../../core/connection-handle'

/** Where a {@link KeyedPool} has its connections from. */
export interface KeyedPoolSource {
  acquire(): Promise<ScopedConnection>
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
  /** The key of a caller who gave none. */
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

interface Entry {
  readonly key: unknown
  readonly promise: Promise<ScopedConnection>
  connection?: ScopedConnection
}

/**
 * `getconn(key)` and `putconn(connection, key, close)` as in psycopg2.pool: the same key gives the same connection until it
 * is put back; `undefined` and `null` are the only absent keys. Unlike there, a give-back that is refused has changed
 * nothing. Whatever else ends a lease (`release()`, a dispose) frees its key as well.
 */
export class KeyedPool {
  readonly #source: KeyedPoolSource
  readonly #policy: KeyedPoolPolicy
  readonly #used = new Map<unknown, Entry>()
  readonly #byConnection = new Map<unknown, Entry>()
  #isClosed = false

  constructor(source: KeyedPoolSource, policy: KeyedPoolPolicy) {
    this.#source = source
    this.#policy = policy
  }

  /** Whether a key may be served is decided at the call, not when the promise is looked at. */
  getconn(key?: unknown): Promise<ScopedConnection> {
    if (this.#isClosed) return Promise.reject(this.#policy.closedError())
    const usedKey = isAbsent(key) ? this.#policy.autoKey() : this.#policy.normalizeKey(key)
    const present = this.#used.get(usedKey)
    if (present !== undefined) return present.promise
    const refused = this.#policy.reserve(this.#used.size)
    if (refused !== undefined) return Promise.reject(refused)
    const entry: Entry = { key: usedKey, promise: this.#open(usedKey) }
    this.#used.set(usedKey, entry)
    return entry.promise
  }

  /** @returns resolves when the connection has arrived where it came from; never rejects */
  putconn(connection: unknown, key?: unknown, close = false): Promise<void> {
    if (this.#isClosed) throw this.#policy.closedError()
    const entry = this.#byConnection.get(connection)
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
    const entries = [...this.#used.values()]
    await Promise.all(
      entries.map(async ({ connection, promise }) => {
        if (connection === undefined)
          await promise.catch(() => undefined) // Its caller is told; here it is just gone.
        else await this.#source.giveBack(connection, this.#policy.closedError())
      }),
    )
  }

  async #open(key: unknown): Promise<ScopedConnection> {
    let connection: ScopedConnection
    try {
      connection = await this.#source.acquire()
    } catch (error) {
      this.#used.delete(key)
      this.#policy.unreserve(false)
      throw this.#policy.acquireError(error)
    }
    const entry = this.#used.get(key)
    if (entry !== undefined) {
      entry.connection = connection
      this.#byConnection.set(connection, entry)
    }
    observeLeaseEnd(connection, ({ discard }) => {
      this.#used.delete(key)
      this.#byConnection.delete(connection)
      this.#policy.unreserve(!discard)
    })
    if (this.#isClosed) {
      await this.#source.giveBack(connection, this.#policy.closedError())
      throw this.#policy.closedError()
    }
    return connection
  }
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}
