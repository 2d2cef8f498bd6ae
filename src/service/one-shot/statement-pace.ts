/** How a text has run so far. `fast`: others may follow it at once. `probing`: its first run is on its way. */
export type Pace = 'unknown' | 'probing' | 'fast' | 'slow'

/** Slower than this on average, and a statement gains nothing from sharing a connection. */
const slowAverageMs = 5
/** A single run that took longer has made others wait for too long. */
const slowRunMs = 20
/** The weight of the last run in the average. */
const lastWeight = 0.2
/** So many long runs are too many, when there are fewer than `fastRunsPerPardon` short ones for each of them. */
const toleratedLongRuns = 3
const fastRunsPerPardon = 500
/** A first run in a fresh session fills its caches; so often it may be middling before that counts. */
const toleratedMiddlingProbes = 2
const firstPenaltyMs = 1_000
const longestPenaltyMs = 60_000
/** After so many fast runs on end, earlier penalties are forgotten. */
const forgottenAfter = 1_000

/** Knows whether statements of one text are fast enough to let others wait behind them. */
export class StatementPace {
  #averageMs: number | undefined
  #longRuns = 0
  #slowUntilMs = -Infinity
  #penaltyMs = firstPenaltyMs
  #fastRuns = 0
  #isProbing = false
  #middlingProbes = 0

  /** After a penalty, a slow text may show itself anew. */
  at(nowMs: number): Pace {
    if (this.#isProbing) return 'probing'
    if (nowMs < this.#slowUntilMs) return 'slow'
    return this.#averageMs === undefined ? 'unknown' : 'fast'
  }

  beginProbe(): void {
    this.#isProbing = true
  }

  /** The probe ended without telling anything. */
  cancelProbe(): void {
    this.#isProbing = false
  }

  /** One run took `ms` on the server, the way there and back included. */
  observe(ms: number, nowMs: number): void {
    this.#isProbing = false
    // Runs that were under way when it was found slow tell nothing new.
    if (nowMs < this.#slowUntilMs) return
    if (this.#averageMs === undefined) {
      if (ms >= slowAverageMs && ms < slowRunMs && this.#middlingProbes++ < toleratedMiddlingProbes) return
      this.#averageMs = ms
    } else {
      // A single long run does not outweigh many short ones; several are counted.
      this.#averageMs += lastWeight * (Math.min(ms, slowRunMs) - this.#averageMs)
    }
    if (ms >= slowRunMs) this.#longRuns++
    else this.#longRuns = Math.max(0, this.#longRuns - 1 / fastRunsPerPardon)
    if (this.#averageMs >= slowAverageMs || this.#longRuns >= toleratedLongRuns) this.#punish(nowMs)
    else if (++this.#fastRuns >= forgottenAfter) this.#penaltyMs = firstPenaltyMs
  }

  #punish(nowMs: number): void {
    this.#averageMs = undefined
    this.#longRuns = 0
    this.#fastRuns = 0
    this.#middlingProbes = 0
    this.#slowUntilMs = nowMs + this.#penaltyMs
    this.#penaltyMs = Math.min(this.#penaltyMs * 2, longestPenaltyMs)
  }
}
