import type { Random } from '../../core/random'
import { nextDelayMs } from '../resilient/backoff'
import {
  answerPatienceMs,
  decideGrowth,
  estimateHold,
  lookAgainMs,
  MovingMean,
  Pressure,
  RecentMedian,
  type GrowthFacts,
} from '../resilient/growth'
import { Lull } from '../resilient/lull'

export interface GrowthNeed {
  readonly nowMs: number
  /** The time of this turn of the event loop, as leases are counted. */
  readonly turnMs: number
  readonly waiting: number
  readonly opening: number
  /** How many more clients there may be. */
  readonly room: number
  /** All clients that are there. */
  readonly size: number
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
/** A wait in ms that is longer than a turn of the event loop. */
const shortestWaitMs = 1

/**
 * Decides how many clients are opened for those who wait, from how long leases and connects have taken so far. After a failure
 * there is a pause, and one client goes ahead; each success lets twice as many follow.
 */
export class GrowthPlan {
  readonly #hold = new RecentMedian()
  readonly #connect = new MovingMean(0.3)
  readonly #pressure = new Pressure()
  readonly #lull = new Lull()
  readonly #random: Random
  #hasReturned = false
  #failures = 0
  #width = Infinity
  /** Nothing is opened before. */
  retryAtMs = -Infinity
  /** Why the last attempt failed, unless one has succeeded since. */
  lastError: Error | undefined

  constructor(random: Random) {
    this.#random = random
  }

  /** When it is worth deciding again for callers who got nothing opened. */
  get lookAgainMs(): number {
    return lookAgainMs(this.#connect.value)
  }

  /** A client has come back after `heldMs`. */
  returned(heldMs: number): void {
    this.#hasReturned = true
    this.#hold.add(heldMs)
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

  /** Notes who waits: `joinedAtMs` is when the last of them has joined. */
  noteWaiting(waiting: number, turnMs: number, joinedAtMs: number): void {
    this.#pressure.note(waiting, turnMs, joinedAtMs)
  }

  /** Whether it was decided in this turn to open nothing, and would be again. */
  isLull(turnMs: number, waiting: number, opening: number, size: number): boolean {
    return this.#lull.lasts(turnMs, waiting, opening, size)
  }

  /** How many to open now. */
  decide(need: GrowthNeed): number {
    const lacking = Math.min(need.waiting - need.opening, need.room)
    if (lacking <= 0 || need.nowMs < this.retryAtMs) return 0
    return Math.min(this.#useful(need, lacking), Math.max(0, this.#width - need.opening))
  }

  #useful(need: GrowthNeed, lacking: number): number {
    const connectMs = this.#connect.value
    // None has come or come back yet: as pg.Pool, one for each.
    if (connectMs === undefined || !this.#hasReturned) return lacking
    const { waiting, opening, returning, room, nowMs, turnMs } = need
    const patienceMs = Math.max(1, Math.min(connectMs, longestPatienceMs))
    const longMs = 3 * (this.#hold.value ?? 0) + patienceMs
    let working = returning
    let youngestMs = Infinity
    for (const sinceMs of need.leasedSinceMs) {
      const heldMs = turnMs - sinceMs
      youngestMs = Math.min(youngestMs, heldMs)
      // Who holds a client for much longer than is usual may hold it for ever.
      if (heldMs <= longMs) working++
    }
    if (working === 0) return lacking
    // Waits are counted from the beginning of their turn: in a long one, by any other time who has just come would have waited long.
    const timeMs = this.#lull.isOutworn ? nowMs : turnMs
    // Who has just come may be served in this very turn, by a lease that has lasted long and is about to end.
    const hasWaited = need.waitingSince(timeMs - shortestWaitMs) > 0
    const holdMs = hasWaited ? estimateHold(this.#hold.value, youngestMs) : this.#hold.value
    const facts: GrowthFacts = { waiting, opening, working, returning, room, holdMs, connectMs }
    // While the line moves, the measured times are to be trusted; when it stands still they are not.
    const dueMs = timeMs - patienceMs
    // Who waits for an answer of the server only, rather than for a borrower, waits for it longer.
    const lateMs = timeMs - answerPatienceMs(connectMs)
    const overdue =
      need.servedAtMs > dueMs
        ? 0
        : Math.max(need.waitingSince(dueMs) - returning, need.waitingSince(lateMs)) - opening
    const isOneMore = opening === 0 && this.#pressure.isLasting(timeMs, connectMs)
    const wanted = Math.min(lacking, Math.max(decideGrowth(facts), overdue, isOneMore ? 1 : 0))
    if (wanted <= 0) this.#lull.begin(facts, turnMs, need.size)
    return wanted
  }
}
