import type { Random } from '../../core/random'
import { nextDelayMs } from '../resilient/backoff'
import { decideGrowth, MovingMean, Pressure } from '../resilient/growth'

export interface GrowthNeed {
  readonly nowMs: number
  readonly waiting: number
  readonly opening: number
  /** How many more clients there may be. */
  readonly room: number
  /** Since when clients are out that are, one by one. */
  readonly leasedSinceMs: Iterable<number>
  /** Clients that are being cleaned or asked whether they live. */
  readonly returning: number
  /** When a caller was last served by a client that came back. */
  readonly servedAtMs: number
  /** How many callers have been waiting since then or longer. */
  readonly waitingSince: (atMs: number) => number
}

/** What a caller waits at most before a client is opened for it, although one was expected back sooner. */
const longestPatienceMs = 10

/**
 * Decides how many clients are opened for those who wait, from how long leases and connects have taken so far. After a failure
 * there is a pause, and one client goes ahead; each success lets twice as many follow.
 */
export class GrowthPlan {
  readonly hold = new MovingMean(0.2)
  readonly #connect = new MovingMean(0.3)
  readonly #pressure = new Pressure()
  readonly #random: Random
  #failures = 0
  #width = Infinity
  /** Nothing is opened before. */
  retryAtMs = -Infinity
  /** Why the last attempt failed, unless one has succeeded since. */
  lastError: Error | undefined

  constructor(random: Random) {
    this.#random = random
  }

  /** How long a caller waits for one that should come back. */
  get patienceMs(): number {
    return Math.max(1, Math.min(this.#connect.value ?? 0, longestPatienceMs))
  }

  succeed(tookMs: number): void {
    this.#connect.add(tookMs)
    this.#failures = 0
    this.#width *= 2
    this.retryAtMs = -Infinity
    this.lastError = undefined
  }

  fail(error: Error, nowMs: number): void {
    this.#failures++
    this.#width = 1
    this.retryAtMs = nowMs + nextDelayMs(this.#failures, this.#random)
    this.lastError = error
  }

  /** How many to open now. */
  decide(need: GrowthNeed): number {
    this.#pressure.note(need.waiting, need.nowMs)
    const lacking = Math.min(need.waiting - need.opening, need.room)
    if (lacking <= 0 || need.nowMs < this.retryAtMs) return 0
    return Math.min(this.#useful(need, lacking), Math.max(0, this.#width - need.opening))
  }

  #useful(need: GrowthNeed, lacking: number): number {
    const holdMs = this.hold.value
    const connectMs = this.#connect.value
    // Nothing is known yet: as pg.Pool, one for each.
    if (holdMs === undefined || connectMs === undefined) return lacking
    let working = need.returning
    const longMs = 3 * holdMs + this.patienceMs
    // Who holds a client for much longer than is usual may hold it for ever.
    for (const sinceMs of need.leasedSinceMs) if (need.nowMs - sinceMs <= longMs) working++
    if (working === 0) return lacking
    const { waiting, opening, room } = need
    const expected = decideGrowth({ waiting, opening, working, room, holdMs, connectMs })
    // While the line moves, the measured times are to be trusted; when it stands still they are not.
    const dueMs = need.nowMs - this.patienceMs
    const overdue = need.servedAtMs > dueMs ? 0 : need.waitingSince(dueMs) - opening
    const isOneMore = opening === 0 && this.#pressure.isLasting(need.nowMs, connectMs)
    return Math.min(lacking, Math.max(expected, overdue, isOneMore ? 1 : 0))
  }
}
