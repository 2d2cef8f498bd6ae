/** What decides how many connections are opened for those who wait. Durations in ms. */
export interface GrowthFacts {
  /** Callers in the line. */
  readonly waiting: number
  /** Connections being opened. */
  readonly opening: number
  /** Connections that will come back by themselves: leased, being cleaned or asked whether they live. */
  readonly working: number
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
  const servedMeanwhile = holdMs > 0 ? (working * connectMs) / holdMs : Infinity
  const left = waiting - servedMeanwhile
  if (left <= 0) return 0
  // Enough to serve who is left in the time of another connect.
  const useful = Math.ceil((left * holdMs) / Math.max(connectMs, 0.001))
  return Math.max(0, Math.min(useful - opening, lacking))
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

function middleOf(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

/** Shorter than this many milliseconds, a line is a burst that passes. */
const shortestPressureMs = 10

/**
 * How long callers have been waiting without a break. A burst is served by what there is; a line that does not end is worth a
 * connection, however soon each of its callers is served: more of them work at the same time.
 */
export class Pressure {
  #sinceMs = Infinity

  /** @param waiting callers in the line, whoever has just joined it included */
  note(waiting: number, nowMs: number): void {
    if (waiting <= 1 || this.#sinceMs === Infinity) this.#sinceMs = nowMs
  }

  isLasting(nowMs: number, connectMs: number | undefined): boolean {
    return nowMs - this.#sinceMs > Math.max(shortestPressureMs, 2 * (connectMs ?? 0))
  }
}
