import type { Clock } from '../../core/clock'
import { AcquireAbortedError, AcquireTimeoutError, PoolClosedError } from '../../core/errors'
import { onAbort } from '../../core/on-abort'
import type { Side } from '../catalog/side'
import type { RouteRequest } from './side-port'

/** The physical connections of one side, as the budget sees them. */
export interface PhysicalSide {
  /** Open, opening and closing ones together. */
  count(): number
  /** Those that an acquire takes without opening one. */
  idle(): number
  /** Those that are being opened for an acquire under way. */
  opening(): number
  /** The side's own limit; `Infinity` when it has none. */
  readonly max: number
  /** Closes idle connections; resolves, once they are closed, with how many there were. Absent: cannot be asked. */
  trimIdle?(count: number): Promise<number>
}

/** Leave to open one connection, held while an acquire is under way. */
export interface Permit {
  /** The request with what is left of its deadline. */
  readonly rest: RouteRequest
  /** The acquire has settled. Called once. */
  leave(): void
}

interface Waiter {
  readonly side: Side
  grant(): void
  giveUp(error: Error): void
}

/** Milliseconds that an acquire without a deadline of its own waits for the budget: nested acquires could wait for each other. */
export const defaultBudgetWaitMs = 30_000

const bothSides: readonly Side[] = ['legacy', 'service']

/** While somebody waits, counts are looked at again this often: a pool also closes connections without telling anybody. */
const recheckMs = 50

/**
 * One limit for both sides together. An acquire that might open a connection waits, first come first served, until both
 * sides with everything under way fit; idle connections of the other side are closed for it.
 */
export class ConnectionBudget {
  readonly #inFlight: Record<Side, number> = { legacy: 0, service: 0 }
  readonly #waiters: Waiter[] = []
  #isTrimming = false
  #isRechecking = false

  constructor(
    readonly maxConnections: number,
    readonly sides: Readonly<Record<Side, PhysicalSide>>,
    readonly clock: Clock,
  ) {}

  /** Physical connections of both sides now. */
  used(): number {
    return this.sides.legacy.count() + this.sides.service.count()
  }

  get waitingCount(): number {
    return this.#waiters.length
  }

  /**
   * Whether an acquire that takes an idle connection, or none, may do so without asking: nobody is in front, and no acquire under
   * way counts on that connection.
   */
  isUncontended(side: Side): boolean {
    return this.#waiters.length === 0 && this.#inFlight[side] === 0
  }

  /** What `enter` does when it need not wait; {@link ConnectionBudget.leave} follows when the acquire has settled. */
  tryEnter(side: Side): boolean {
    if (this.#waiters.length > 0 || !this.#fits(side)) return false
    this.#inFlight[side] += 1
    return true
  }

  leave(side: Side): void {
    this.#inFlight[side] -= 1
    this.changed()
  }

  /**
   * Waits until the acquire may open a connection.
   *
   * @throws AcquireTimeoutError, AcquireAbortedError
   */
  enter(side: Side, request: RouteRequest): Promise<Permit> {
    const { signal, timeoutMs = defaultBudgetWaitMs } = request
    if (signal?.aborted === true) return Promise.reject(this.#aborted(signal))
    if (this.tryEnter(side)) return Promise.resolve(this.#permit(side, request))
    const startedAtMs = this.clock.now()
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        side,
        giveUp: (error) => {
          giveUp(error)
        },
        grant: () => {
          stopWaiting()
          this.#inFlight[side] += 1
          resolve(this.#permit(side, withRest(request, this.clock.now() - startedAtMs)))
        },
      }
      const giveUp = (error: Error): void => {
        stopWaiting()
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
        reject(error)
        this.changed()
      }
      const timer = this.clock.setTimer(() => {
        giveUp(this.#timedOut(timeoutMs))
      }, timeoutMs)
      const stopWaiting = (): void => {
        this.clock.clearTimer(timer)
        stopListening()
      }
      const stopListening = onAbort(signal, () => {
        giveUp(this.#aborted(signal))
      })
      this.#waiters.push(waiter)
      this.changed()
    })
  }

  /** Something went back, was closed or failed: whoever is first in the queue may fit now. */
  changed(): void {
    for (let first = this.#waiters[0]; first !== undefined; first = this.#waiters[0]) {
      if (!this.#fits(first.side)) {
        this.#makeRoom(first.side)
        this.#recheckLater()
        return
      }
      this.#waiters.shift()
      first.grant()
    }
  }

  /** Whoever still waits is refused. */
  close(): void {
    for (const waiter of [...this.#waiters]) {
      waiter.giveUp(new PoolClosedError('the ferry was closed while the budget had no room'))
    }
  }

  #permit(side: Side, rest: RouteRequest): Permit {
    return {
      rest,
      leave: () => {
        this.leave(side)
      },
    }
  }

  /** Whether one more acquire of `side` keeps both within the limit, or opens nothing anyway. */
  #fits(side: Side): boolean {
    const physical = this.sides[side]
    const other = side === 'legacy' ? 'service' : 'legacy'
    if (physical.count() >= physical.max || this.#mayOpen(side, 1) === 0) return true
    return this.#potential(side, 1) + this.#potential(other, 0) <= this.maxConnections
  }

  /** The most connections that a side may come to by what is under way and `more` acquires. */
  #potential(side: Side, more: number): number {
    const physical = this.sides[side]
    const count = physical.count()
    return Math.max(count, Math.min(physical.max, count + this.#mayOpen(side, more)))
  }

  /** Acquires under way for which nothing is idle and nothing is being opened yet; rather too many than too few. */
  #mayOpen(side: Side, more: number): number {
    const physical = this.sides[side]
    return Math.max(0, this.#inFlight[side] + more - physical.idle() - physical.opening())
  }

  /** Idle connections that nobody under way counts on. */
  #spareIdle(side: Side): number {
    const physical = this.sides[side]
    return physical.idle() - Math.max(0, this.#inFlight[side] - physical.opening())
  }

  #makeRoom(needy: Side): void {
    if (this.#isTrimming) return
    // The needy side has nothing idle that would help, or the acquire would fit.
    const trim = bothSides
      .filter((side) => side !== needy)
      .filter((side) => this.#spareIdle(side) > 0)
      .map((side) => this.sides[side])
      .find((physical) => physical.trimIdle !== undefined)
    if (trim?.trimIdle === undefined) return
    this.#isTrimming = true
    const done = (): void => {
      this.#isTrimming = false
      this.changed()
    }
    // A pool that fails to close an idle connection is asked again at the next recheck.
    const failed = (): void => {
      this.#isTrimming = false
    }
    trim.trimIdle(1).then((closed) => {
      if (closed > 0) done()
      else failed()
    }, failed)
  }

  #recheckLater(): void {
    if (this.#isRechecking) return
    this.#isRechecking = true
    this.clock.setTimer(
      () => {
        this.#isRechecking = false
        this.changed()
      },
      recheckMs,
      { isBackground: true },
    )
  }

  #aborted(signal: AbortSignal | undefined): AcquireAbortedError {
    return new AcquireAbortedError('the wait for the connection budget of the ferry was aborted', {
      cause: signal?.reason,
    })
  }

  #timedOut(timeoutMs: number): AcquireTimeoutError {
    const { legacy, service } = this.sides
    return new AcquireTimeoutError(
      `no connection within ${timeoutMs} ms: the budget of ${this.maxConnections} is used up ` +
        `(legacy ${legacy.count()}, service ${service.count()}, waiting ${this.#waiters.length})`,
      {
        total: this.used(),
        idle: legacy.idle() + service.idle(),
        leased: this.used() - legacy.idle() - service.idle(),
        waiting: this.#waiters.length,
        max: this.maxConnections,
      },
    )
  }
}

function withRest(request: RouteRequest, waitedMs: number): RouteRequest {
  if (request.timeoutMs === undefined) return request
  return { ...request, timeoutMs: Math.max(1, request.timeoutMs - waitedMs) }
}
