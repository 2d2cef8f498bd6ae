import { AsyncResource } from 'node:async_hooks'
import type { ClientBase, Pool as AnyPool } from 'pg'
import { throwWithStack } from '../../core/reject-with'
import { CallbackWaiter, PromiseWaiter, releaseOf, type ConnectCallback } from './connect-waiters'
import type { DropInOptions } from './drop-in-options'
import type { Lender, LenderOwner, LentClient } from './lender'
import { PoolQuery, type QueryDone } from './pool-query'
import { BorrowedLoan, type ConnectDetour } from './stock-way'

/**
 * What a pool works with is on the pool by plain properties under hidden names, not in private fields: people use pools through a
 * `Proxy`, or through an object that inherits from one, and those have no private fields.
 */
const lenderKey = Symbol('pgferry.lender')
const ownerKey = Symbol('pgferry.owner')
/** Of the class: on its prototype. */
const detourKey = Symbol('pgferry.detour')
// Not where they are declared: in here they are then read as what they are, not as exports.
export { detourKey, lenderKey, ownerKey }

export type ClientClass = new (options: object) => ClientBase

/** What is needed of a promise class that the user may have brought. */
interface PromiseClass {
  new <T>(
    start: (resolve: (value: T | PromiseLike<T>) => void, reject: (error: unknown) => void) => void,
  ): Promise<T>
}

/** What `pg.Pool` keeps on itself beyond its published types, and what ours does. */
export interface PoolFields {
  options: DropInOptions
  log: (...messages: unknown[]) => void
  Client: ClientClass
  Promise: PromiseClass
  _eventsCount: number
  ending: boolean
  ended: boolean
  _endCallback: () => void
  [lenderKey]: Lender
  readonly [ownerKey]: LenderOwner
  readonly [detourKey]: ConnectDetour
  connect(callback: ConnectCallback): void
}

export function fieldsOf(pool: AnyPool): PoolFields {
  return pool as unknown as PoolFields
}

/** Sets what is read by its name only: it is not to be seen in a log, nor in a copy. */
export function hide(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true })
}

export function connectNow(pool: PoolFields): Promise<LentClient> {
  if (pool.ending) return Promise.reject(createEndedError())
  const lender = pool[lenderKey]
  const loan = lender.tryLend()
  if (loan !== undefined) return Promise.resolve(loan.handOut())
  // The executor does no more than hand out what settles the promise: small as it is, the compiler needs no closure for it.
  let waiter: PromiseWaiter | undefined
  const client = new Promise<LentClient>((resolve, reject) => {
    waiter = new PromiseWaiter(resolve, reject)
  })
  const isSure = lender.wait(waiter as unknown as PromiseWaiter)
  return isSure ? client : client.catch(throwWithStack)
}

export function connectWithCallback(pool: PoolFields, callback: ConnectCallback): void {
  if (pool.ending) {
    process.nextTick(callback, createEndedError())
    return
  }
  const lender = pool[lenderKey]
  const loan = lender.tryLend()
  if (loan === undefined) {
    lender.wait(new CallbackWaiter(callback))
    return
  }
  const client = loan.handOut()
  process.nextTick(callback, undefined, client, releaseOf(client))
}

export function queryInAnyForm(
  pool: PoolFields,
  text: unknown,
  values: unknown,
  callback: unknown,
): Promise<unknown> | undefined {
  const { Promise } = pool
  if (typeof text === 'function') {
    refuseFunction(text as QueryDone)
    return undefined
  }
  if (typeof values === 'function') return queryInAnyForm(pool, text, undefined, values)
  if (callback !== undefined) {
    startQuery(pool, text, values, AsyncResource.bind(callback as QueryDone))
    return undefined
  }
  return new Promise((resolve, reject) => {
    startQuery(pool, text, values, (error, result) => {
      if (error) reject(error)
      else resolve(result)
    })
  }).catch(throwWithStack)
}

export function endPool(pool: PoolFields, onEnded: (error?: Error) => void): void {
  if (pool.ending) {
    onEnded(new Error('Called end on pool more than once'))
    return
  }
  pool.ending = true
  endLender(pool, onEnded)
}

export function endLender(pool: PoolFields, onEnded: () => void): void {
  pool[lenderKey].end(() => {
    pool.ended = true
    onEnded()
  })
}

function startQuery(pool: PoolFields, text: unknown, values: unknown, done: QueryDone): void {
  if (pool.ending) {
    process.nextTick(done, createEndedError())
    return
  }
  const query = new PoolQuery(pool[ownerKey], text, values, done)
  const detour = pool[detourKey]
  detour.update()
  if (detour.isLeft(pool)) queryByConnect(pool, query)
  else query.run(pool[lenderKey])
}

/** As `pg.Pool` has its clients, for who has put something of his own before `connect`. */
function queryByConnect(pool: PoolFields, query: PoolQuery): void {
  pool.connect((error, client) => {
    // Their own may say `null`.
    if (error) query.refuse(error)
    else query.deliver(new BorrowedLoan(client as unknown as LentClient))
  })
}

function refuseFunction(callback: QueryDone): void {
  const error = new Error('Passing a function as the first parameter to pool.query is not supported')
  setImmediate(callback, error)
}

function createEndedError(): Error {
  return new Error('Cannot use a pool after calling end on the pool')
}
