import { AsyncResource } from 'node:async_hooks'
import type { ClientBase, Pool as AnyPool, PoolClient } from 'pg'
import { systemClock, type Clock } from '../../core/clock'
import { systemRandom, type Random } from '../../core/random'
import { PgPool } from '../pg-driver-pool'
import { createClientDriver } from '../pg-driver-client'
import { resolveExtras, type DropInOptions } from './drop-in-options'
import type { Lender, LenderOwner, LentClient, PoolEvent } from './lender'
import { OwnLender } from './own-lender'
import { CallbackWaiter, PromiseWaiter, releaseOf, type ConnectCallback } from './connect-waiters'
import { PoolQuery, type QueryDone } from './pool-query'
import { throwWithStack, type PromiseClass } from './settle'
import { SourceLender, type PoolSource } from './source-lender'

/** A pool may have been given another one. */
const NativePromise = Promise

type ClientClass = new (options: object) => ClientBase

/** What `pg.Pool` keeps on itself beyond its published types. */
interface PoolFields {
  options: DropInOptions
  log: (...messages: unknown[]) => void
  Client: ClientClass
  Promise: PromiseClass
  _eventsCount: number
  ending: boolean
  ended: boolean
}

/** As the types of `pg` have them. */
type StockEvent = 'error' | 'release' | 'connect' | 'acquire' | 'remove'
type StockListener<K extends StockEvent> = K extends 'error' | 'release'
  ? (error: Error, client: PoolClient) => void
  : (client: PoolClient) => void

/** What a pool works with; the system's own by default. */
export interface PoolDeps {
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * A `pg.Pool` to the code that uses it: the same options, methods, events and messages. Underneath, callers wait for the pool
 * instead of for a client of "their own", nothing is lent dirty or dead, and a server that is down is not stormed.
 *
 * @example
 * ```ts
 * import { Pool } from 'pgferry/pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 20 })
 * const { rows } = await pool.query('SELECT now()')
 * ```
 */
export class Pool extends PgPool {
  #lender: Lender
  readonly #owner: LenderOwner

  /**
   * @param options those of `pg.Pool` and {@link DropInOptions}
   * @param clientClass makes the clients; default `options.Client`, then `pg.Client`
   * @throws InvalidOptionError for an option that `pg.Pool` does not have
   */
  constructor(options?: DropInOptions, clientClass?: ClientClass, deps: PoolDeps = {}) {
    const extras = resolveExtras(options)
    super(options)
    const { clock = systemClock, random = systemRandom } = deps
    const fields = fieldsOf(this)
    if (clientClass !== undefined && options?.Client === undefined) fields.Client = clientClass
    this.#owner = this.#createOwner(fields.options.log !== undefined)
    const { onConnect } = fields.options
    this.#lender = new OwnLender({
      clock,
      random,
      extras,
      driver: createClientDriver({ clock }),
      owner: this.#owner,
      options: fields.options,
      createClient: () => new fields.Client(fields.options),
      // Asked for at each connect: its throwing is as good as its rejecting.
      onConnect: onConnect === undefined ? undefined : async (client) => await onConnect(client),
      log: this.#owner.log,
    })
  }

  static {
    const count = (
      key: 'totalCount' | 'idleCount' | 'waitingCount' | 'expiredCount',
    ): PropertyDescriptor => ({
      configurable: true,
      get(this: Pool) {
        return this.#lender[key]
      },
    })
    Object.defineProperty(this.prototype, 'query', {
      configurable: true,
      writable: true,
      // With the overloads of `pg` and its generics, which a method of ours would have to repeat.
      value(this: Pool, text: unknown, values?: unknown, callback?: unknown) {
        return this.#queryInAnyForm(text, values, callback)
      },
    })
    // The types of `pg` call them fields, so that a class cannot write them as what they are.
    Object.defineProperties(this.prototype, {
      totalCount: count('totalCount'),
      idleCount: count('idleCount'),
      waitingCount: count('waitingCount'),
      expiredCount: count('expiredCount'),
      // Not on the pool itself: an object whose own property becomes an accessor is slow to read from then on, all of it.
      _clients: {
        configurable: true,
        get(this: Pool) {
          return this.#lender.clients
        },
        set: doNothing,
      },
    })
  }

  /**
   * The same face over clients that somebody else owns, such as a running service; ending it leaves the owner running.
   *
   * @internal
   */
  static over(source: PoolSource, options: DropInOptions = {}): Pool {
    const pool = new Pool({ ...options, max: source.stats().max })
    pool.#lender = new SourceLender(source, pool.#owner)
    return pool
  }

  override connect(): Promise<PoolClient>
  override connect(callback: ConnectCallback): void
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    if (callback !== undefined) {
      this.#connectWithCallback(callback)
      return
    }
    const { Promise } = fieldsOf(this)
    const client = this.#connect() as unknown as Promise<PoolClient>
    if (Promise === NativePromise) return client
    return new Promise((resolve, reject) => {
      client.then(resolve, reject)
    })
  }

  override end(): Promise<void>
  override end(callback: () => void): void
  override end(callback?: (error?: Error) => void): Promise<void> | void {
    const fields = fieldsOf(this)
    this.#owner.log('ending')
    if (callback === undefined) {
      return new fields.Promise<void>((resolve, reject) => {
        this.#end((error) => {
          if (error === undefined) resolve()
          else reject(error)
        })
      })
    }
    this.#end((error) => {
      if (error === undefined) callback()
      else process.nextTick(callback, error)
    })
  }

  /** Told when a client is released with state left in its session; `kinds` as in the events of a service. */
  override on(event: 'sessionState', listener: (client: PoolClient, kinds: readonly string[]) => void): this
  /** Told when a client is released inside a transaction, before that is rolled back. */
  override on(
    event: 'openTransaction',
    listener: (client: PoolClient, status: 'open' | 'failed') => void,
  ): this
  override on<K extends StockEvent>(event: K, listener: StockListener<K>): this
  override on(event: string, listener: (...facts: never[]) => void): this {
    return super.on(event as 'error', listener as StockListener<'error'>)
  }

  #connect(): Promise<LentClient> {
    if (this.ending) return Promise.reject(createEndedError())
    const loan = this.#lender.tryLend()
    if (loan !== undefined) return Promise.resolve(loan.handOut())
    // The executor does no more than hand out what settles the promise: small as it is, the compiler needs no closure for it.
    let waiter: PromiseWaiter | undefined
    const client = new Promise<LentClient>((resolve, reject) => {
      waiter = new PromiseWaiter(resolve, reject)
    })
    const isSure = this.#lender.wait(waiter as unknown as PromiseWaiter)
    return isSure ? client : client.catch(throwWithStack)
  }

  #connectWithCallback(callback: ConnectCallback): void {
    if (this.ending) {
      process.nextTick(callback, createEndedError())
      return
    }
    const loan = this.#lender.tryLend()
    if (loan === undefined) {
      this.#lender.wait(new CallbackWaiter(callback))
      return
    }
    const client = loan.handOut()
    process.nextTick(callback, undefined, client, releaseOf(client))
  }

  #queryInAnyForm(text: unknown, values?: unknown, callback?: unknown): unknown {
    const { Promise } = fieldsOf(this)
    if (typeof text === 'function') {
      this.#refuseFunction(text as QueryDone)
      return undefined
    }
    if (typeof values === 'function') return this.#queryInAnyForm(text, undefined, values)
    if (callback !== undefined) {
      this.#query(text, values, AsyncResource.bind(callback as QueryDone))
      return undefined
    }
    return new Promise((resolve, reject) => {
      this.#query(text, values, (error, result) => {
        if (error) reject(error)
        else resolve(result)
      })
    }).catch(throwWithStack)
  }

  #query(text: unknown, values: unknown, done: QueryDone): void {
    if (this.ending) process.nextTick(done, createEndedError())
    else new PoolQuery(this.#owner, text, values, done).run(this.#lender)
  }

  #refuseFunction(callback: QueryDone): void {
    const error = new Error('Passing a function as the first parameter to pool.query is not supported')
    setImmediate(callback, error)
  }

  #end(onEnded: (error?: Error) => void): void {
    const fields = fieldsOf(this)
    if (fields.ending) {
      onEnded(new Error('Called end on pool more than once'))
      return
    }
    fields.ending = true
    this.#lender.end(() => {
      fields.ended = true
      onEnded()
    })
  }

  #createOwner(hasLog: boolean): LenderOwner {
    const fields = fieldsOf(this)
    return {
      // Most pools have no listener at all; node keeps that count for itself, and looking one up costs ten times as much.
      hears: (event) => fields._eventsCount !== 0 && this.listenerCount(event) > 0,
      tell: (event, ...facts) => {
        this.#tell(event, facts)
      },
      log: hasLog
        ? (...messages) => {
            fields.log(...messages)
          }
        : doNothing,
    }
  }

  #tell(event: PoolEvent, facts: readonly unknown[]): void {
    // An `error` that nobody listens for would end the process; the client is out of the pool already.
    if (this.listenerCount(event) === 0) return
    try {
      this.emit(event, ...(facts as [Error, PoolClient]))
    } catch (error) {
      // A listener's mistake is its own: it must not cost the pool a client, nor go unseen.
      process.nextTick(() => {
        throw error
      })
    }
  }
}

function fieldsOf(pool: AnyPool): PoolFields {
  return pool as unknown as PoolFields
}

function createEndedError(): Error {
  return new Error('Cannot use a pool after calling end on the pool')
}

function doNothing(): void {
  // Nothing to give back, nobody to tell.
}
