import type { PoolClient } from 'pg'
import { systemClock, type Clock } from '../../core/clock'
import { systemRandom, type Random } from '../../core/random'
import { PgPool } from '../pg-driver-pool'
import { createClientDriver } from '../pg-driver-client'
import type { ConnectCallback } from './connect-waiters'
import { resolveExtras, type DropInOptions } from './drop-in-options'
import type { LenderOwner, PoolEvent } from './lender'
import { OwnLender } from './own-lender'
import {
  connectNow,
  connectWithCallback,
  detourKey,
  endLender,
  endPool,
  fieldsOf,
  hide,
  lenderKey,
  ownerKey,
  queryInAnyForm,
  type ClientClass,
} from './pool-calls'
import { SourceLender, type PoolSource } from './source-lender'
import { ConnectDetour, goStockWay, isStockWrapped } from './stock-way'

/** A pool may have been given another one. */
const NativePromise = Promise

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
    const detour = fields[detourKey]
    detour.update()
    if (clientClass !== undefined && options?.Client === undefined) fields.Client = clientClass
    const owner = this.#createOwner(fields.options.log !== undefined)
    hide(this, ownerKey, owner)
    const { onConnect } = fields.options
    const lender = new OwnLender({
      clock,
      random,
      extras,
      driver: createClientDriver({ clock }),
      owner,
      options: fields.options,
      createClient: () => {
        detour.update()
        return new fields.Client(fields.options)
      },
      // Asked for at each connect: its throwing is as good as its rejecting.
      onConnect: onConnect === undefined ? undefined : async (client) => await onConnect(client),
      log: owner.log,
    })
    hide(this, lenderKey, lender)
  }

  static {
    const count = (
      key: 'totalCount' | 'idleCount' | 'waitingCount' | 'expiredCount',
    ): PropertyDescriptor => ({
      configurable: true,
      get(this: Pool) {
        return fieldsOf(this)[lenderKey][key]
      },
    })
    // With the overloads of `pg` and its generics, which a method of ours would have to repeat.
    hide(this.prototype, 'query', function (this: Pool, text: unknown, values?: unknown, callback?: unknown) {
      if (isStockWrapped('query')) return goStockWay('query', this, [text, values, callback])
      return queryInAnyForm(fieldsOf(this), text, values, callback)
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
          return fieldsOf(this)[lenderKey].clients
        },
        set: doNothing,
      },
    })
    // What the methods of pg.Pool come to when they are called all the same, by what somebody has put around them.
    hide(this.prototype, '_isFull', () => false)
    hide(this.prototype, 'newClient', function (this: Pool, waiter: { readonly callback: ConnectCallback }) {
      connectWithCallback(fieldsOf(this), waiter.callback)
    })
    hide(this.prototype, '_pulseQueue', function (this: Pool) {
      const fields = fieldsOf(this)
      endLender(fields, fields._endCallback)
    })
    hide(this.prototype, detourKey, new ConnectDetour(this.prototype))
  }

  /**
   * The same face over clients that somebody else owns, such as a running service; ending it leaves the owner running.
   *
   * @internal
   */
  static over(source: PoolSource, options: DropInOptions = {}): Pool {
    const pool = new Pool({ ...options, max: source.stats().max })
    const fields = fieldsOf(pool)
    fields[lenderKey] = new SourceLender(source, fields[ownerKey])
    return pool
  }

  override connect(): Promise<PoolClient>
  override connect(callback: ConnectCallback): void
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    if (callback !== undefined) {
      connectWithCallback(fieldsOf(this), callback)
      return
    }
    const fields = fieldsOf(this)
    const { Promise } = fields
    const client = connectNow(fields) as unknown as Promise<PoolClient>
    if (Promise === NativePromise) return client
    return new Promise((resolve, reject) => {
      client.then(resolve, reject)
    })
  }

  override end(): Promise<void>
  override end(callback: () => void): void
  override end(callback?: (error?: Error) => void): Promise<void> | void {
    if (isStockWrapped('end')) return goStockWay('end', this, [callback]) as Promise<void>
    const fields = fieldsOf(this)
    fields[ownerKey].log('ending')
    if (callback === undefined) {
      return new fields.Promise<void>((resolve, reject) => {
        endPool(fields, (error) => {
          if (error === undefined) resolve()
          else reject(error)
        })
      })
    }
    endPool(fields, (error) => {
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

function doNothing(): void {
  // Nothing to give back, nobody to tell.
}
