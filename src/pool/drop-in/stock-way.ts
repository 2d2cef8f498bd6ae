import { PgPool } from '../pg-driver-pool'
import type { LentClient, Loan } from './lender'

type Method = (this: unknown, ...args: unknown[]) => unknown
type Way = 'connect' | 'query' | 'end'

const stock = PgPool.prototype as unknown as Readonly<Record<Way, Method>>

/**
 * Whether somebody has put a function of his own into the prototype of `pg.Pool`: instrumentation, or a test. Asked anew each time;
 * a method that a class was written with has no `prototype`.
 */
export function isStockWrapped(way: Way): boolean {
  return Object.hasOwn(stock[way], 'prototype')
}

/** Goes through what is in the prototype of `pg.Pool` at this moment, with as many arguments as were given. */
export function goStockWay(way: Way, pool: object, args: readonly unknown[]): unknown {
  const count = args.findLastIndex((arg) => arg !== undefined) + 1
  return stock[way].apply(pool, args.slice(0, count))
}

/**
 * Leads `connect` of our pools around through `pg.Pool` while that is wrapped. The method itself is exchanged, so that who connects
 * pays nothing for the question; it is asked where time does not matter.
 */
export class ConnectDetour {
  readonly #target: { connect: unknown }
  readonly #own: unknown
  readonly #detour = function connect(this: object, ...args: unknown[]): unknown {
    return goStockWay('connect', this, args)
  }

  constructor(target: { connect: unknown }) {
    this.#target = target
    this.#own = target.connect
  }

  update(): void {
    const wanted = isStockWrapped('connect') ? this.#detour : this.#own
    const { connect } = this.#target
    if (connect === wanted) return
    // Somebody has put something around ours as well: that is left alone.
    if (connect === this.#own || connect === this.#detour) this.#target.connect = wanted
  }

  /** Whether a pool connects by another method than ours: that of a subclass, a spy, or the detour. */
  isLeft(pool: { connect: unknown }): boolean {
    return pool.connect !== this.#own
  }
}

/** A client that came by a `connect` which is not ours, as its own `release` is all that is known of it. */
export class BorrowedLoan implements Loan {
  #listener: ((error: Error) => void) | undefined

  constructor(readonly client: LentClient) {}

  get onError(): ((error: Error) => void) | undefined {
    return this.#listener
  }

  set onError(listener: ((error: Error) => void) | undefined) {
    this.#stopListening()
    this.#listener = listener
    if (listener !== undefined) this.client.on('error', listener)
  }

  handOut(): LentClient {
    return this.client
  }

  giveBack(error: unknown): void {
    this.#stopListening()
    this.client.release(error)
  }

  #stopListening(): void {
    if (this.#listener !== undefined) this.client.removeListener('error', this.#listener)
    this.#listener = undefined
  }
}
