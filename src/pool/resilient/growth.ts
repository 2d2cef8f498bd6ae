/** What decides how many connections are opened for those who wait. Durations in ms. */
export interface GrowthFacts {
  /** Callers in the line. */
  readonly waiting: number
  /** Connections being opened. */
  readonly opening: number
  /** Connections that will come back by themselves: leased, being cleaned or asked whether they live. */
  readonly working: number
  /** Those of them that are only an answer of the server away, whatever leases last: not leased. */
  readonly returning?: number
  /** How many more may be opened. */
  readonly room: number
  /** How long a lease lasts, as far as known. */
  readonly holdMs: number | undefined
  /** How long opening takes, as far as known. */
  readonly connectMs: number | undefined
}

/**
 * How many connections to open now. Opening one costs as much as many statements, and a caller waits for the pool, not for
 * "its" connection; so none is opened for a caller who will be served sooner by one that comes back. What is left in the
 * line by the time a new connection could be there is what new ones are worth opening for.
 */
export function decideGrowth(facts: GrowthFacts): number {
  const { waiting, opening, working, room, holdMs, connectMs } = facts
  const lacking = Math.min(waiting - opening, room)
  if (lacking <= 0 || working === 0) return Math.max(0, lacking)
  // Nothing is known yet: the caller asks again in a moment.
  if (holdMs === undefined || connectMs === undefined) return 0
  const left = waiting - countServed(facts)
  if (left <= 0) return 0
  // Enough to serve who is left in the time of another connect, and at most one for each.
  const useful = Math.ceil(left * Math.min(1, holdMs / Math.max(connectMs, 0.001)))
  return Math.max(0, Math.min(useful - opening, lacking))
}

/** How many callers will have been served by what comes back until a new connection could be there. */
export function countServed({ working, returning = 0, holdMs, connectMs }: GrowthFacts): number {
  if (working <= 0) return 0
  if (holdMs === undefined || connectMs === undefined || holdMs <= 0) return Infinity
  return returning + (working * connectMs) / holdMs
}

/** An answer that takes longer than this in ms is late, unless connecting, which takes several, is slow as well. */
const longestAnswerMs = 50

/**
 * For how long a connection that is being cleaned, or asked whether it lives, is expected back. On a loaded machine or a long way
 * an answer takes its time; opening a connection then would only add to it.
 */
export function answerPatienceMs(connectMs: number | undefined): number {
  return Math.max(longestAnswerMs, 2 * (connectMs ?? 0))
}

/** Bounds in ms of how soon a caller for whom no connection was opened is looked at again. */
const soonest = 1
const latest = 5

/** After how long it is worth deciding again, when nothing was opened for those who wait. */
export function lookAgainMs(connectMs: number | undefined): number {
  return Math.min(latest, Math.max(soonest, (connectMs ?? 0) / 4))
}

/**
 * How long leases last: at least as long as all that are out have lasted already, whatever leases have been like.
 *
 * @param meanMs how long they have lasted, as far as known
 * @param youngestMs how long the last one that began is out; infinite when none is
 */
export function estimateHold(meanMs: number | undefined, youngestMs: number): number | undefined {
  if (youngestMs === Infinity) return meanMs
  // Just begun, it says nothing yet.
  if (meanMs === undefined) return youngestMs >= soonest ? youngestMs : undefined
  // Callers who come in a burst block the event loop for a while, in which no lease can end.
  return Math.max(meanMs, youngestMs - latest)
}

/** A mean that follows what is measured: the last few measurements count most. */
export class MovingMean {
  #value: number | undefined
  constructor(readonly weight: number) {}

  get value(): number | undefined {
    return this.#value
  }

  add(measured: number): void {
    this.#value = this.#value === undefined ? measured : this.#value + this.weight * (measured - this.#value)
  }
}

/** Measurements that are remembered; an odd number has a middle. */
const remembered = 9
/** The first ones are of a program that is just starting, and say little. */
const fewest = 3

/** The middle of what was measured lately: one that took long for a reason of its own does not count. */
export class RecentMedian {
  readonly #recent: number[] = []
  #next = 0
  #value: number | undefined

  /** `undefined` until enough is known; it follows after each round of measurements. */
  get value(): number | undefined {
    return this.#value
  }

  add(measured: number): void {
    this.#recent[this.#next] = measured
    this.#next = (this.#next + 1) % remembered
    const isFilling = this.#recent.length < remembered && this.#recent.length >= fewest
    if (isFilling || this.#next === 0) this.#value = middleOf(this.#recent)
  }
}

const sorted = new Float64Array(remembered)

/** By insertion, without anything new: `sort` would cost a lease more than all else that is done for it. */
function middleOf(numbers: readonly number[]): number | undefined {
  let count = 0
  for (const number of numbers) {
    let place = count++
    for (; place > 0 && (sorted[place - 1] ?? 0) > number; place--) sorted[place] = sorted[place - 1] ?? 0
    sorted[place] = number
  }
  return sorted[count >> 1]
}

/** Shorter than this many milliseconds, a line is a burst that passes. */
const shortestPressureMs = 10
/** For a moment the line is empty whenever whoever was served comes back for more; that is no break. */
const longestGapMs = 2

/**
 * How long callers have been waiting without a break. A burst is served by what there is; a line that does not end is worth a
 * connection, however soon each of its callers is served: more of them work at the same time.
 */
export class Pressure {
  #sinceMs = Infinity
  #seenMs = -Infinity

  /**
   * @param waiting callers in the line, whoever has just joined it included
   * @param joinedAtMs when the last of them has joined; a single one who has been there for longer is waited for in other ways
   */
  note(waiting: number, nowMs: number, joinedAtMs: number): void {
    const isAlone = waiting <= 1 && (joinedAtMs < nowMs || nowMs - this.#seenMs > longestGapMs)
    if (isAlone || this.#sinceMs === Infinity) this.#sinceMs = nowMs
    this.#seenMs = nowMs
  }

  isLasting(nowMs: number, connectMs: number | undefined): boolean {
    return nowMs - this.#sinceMs > Math.max(shortestPressureMs, 2 * (connectMs ?? 0))
  }
}
