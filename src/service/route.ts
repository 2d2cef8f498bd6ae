import type { Clock } from '../core/clock'
import type { Lease } from '../core/lease'
import type { QueryTracing } from '../core/trace-query'
import type { AcquireRequest } from '../pool/pool-strategy'
import type { AcquireOptions } from './connection-service'
import { withOrigin, type LeaseOrigin } from './lease-origin'
import type { Purpose } from './purposes'
import type { ServiceDatabase } from './service-database'

/** Keeps the leases of one service. */
export interface LeaseKeeper {
  now(): number
  turnNow(): number
  remove(lease: Lease): void
}

/** What messages of a lease tell about it. */
export interface RouteOrigin {
  readonly pool: string
  readonly owner: object
  readonly purpose: string
}

/** Limits up to this one fill up with callers that wait for each other by a mistake that is made once. */
const tightMax = 4

/** A purpose at a database: everything about an acquire that does not change from one to the next, made once. */
export class Route {
  /** The purpose's. */
  readonly name: string
  readonly purpose: Purpose
  readonly database: ServiceDatabase
  readonly leakThresholdMs: number
  /** Milliseconds of an acquire that names none. */
  readonly timeoutMs: number
  readonly origin: RouteOrigin
  readonly tracing: QueryTracing
  readonly keeper: LeaseKeeper
  /** Whether a few callers that wait for each other use up a limit. */
  readonly isTight: boolean
  readonly #request: AcquireRequest

  constructor(
    purpose: Purpose,
    database: ServiceDatabase,
    { keeper, clock }: { keeper: LeaseKeeper; clock: Clock },
  ) {
    this.keeper = keeper
    const { name, max, readOnly, target, acquireTimeoutMs } = purpose.options
    const { pool } = database.options
    this.name = name
    this.isTight = Math.min(max, database.strategy.stats().max) <= tightMax
    this.purpose = purpose
    this.database = database
    this.leakThresholdMs = pool.leakThresholdMs
    this.timeoutMs = acquireTimeoutMs ?? pool.acquireTimeoutMs
    this.origin = Object.freeze({ pool: database.options.name, owner: database.strategy, purpose: name })
    this.tracing = Object.freeze({ ...this.origin, clock })
    this.#request = Object.freeze({
      purpose: name,
      timeoutMs: this.timeoutMs,
      readOnly,
      ...(target && { target }),
    })
  }

  /** What the pool is asked. Most acquires ask the same. */
  toRequest(options: AcquireOptions | undefined, origin: LeaseOrigin | undefined): AcquireRequest {
    const plain = options === undefined ? this.#request : this.#override(options)
    return origin === undefined ? plain : withOrigin(plain, origin)
  }

  #override({ timeoutMs, signal, readOnly, target }: AcquireOptions): AcquireRequest {
    if (signal === undefined && timeoutMs === undefined && readOnly === undefined && target === undefined)
      return this.#request
    return {
      ...this.#request,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(readOnly !== undefined && { readOnly }),
      ...(target && { target }),
      ...(signal && { signal }),
    }
  }
}
