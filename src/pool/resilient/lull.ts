import { countServed, type GrowthFacts } from './growth'

/** So many callers of one turn are answered by one decision. */
const longest = 1_000

/**
 * The last decision to open nothing. Callers come by the dozen in one turn of the event loop, and what is decided on hardly changes in
 * between: most of them need no decision of their own. Only to be begun where a timer is set that decides anew.
 */
export class Lull {
  #turnMs = -Infinity
  #waitingUpTo = 0
  #leased = 0
  #opening = 0
  #callers = 0

  /** @param leased connections that are out; with fewer of them more may be worth opening */
  begin(facts: GrowthFacts, turnMs: number, leased: number): void {
    this.#turnMs = turnMs
    this.#waitingUpTo = Math.max(facts.waiting, countServed(facts))
    this.#leased = leased
    this.#opening = facts.opening
    this.#callers = 0
  }

  /** Whether another decision would be the same. */
  lasts(turnMs: number, waiting: number, opening: number, leased: number): boolean {
    return (
      turnMs === this.#turnMs &&
      waiting > 0 &&
      waiting <= this.#waitingUpTo &&
      leased >= this.#leased &&
      opening === this.#opening &&
      ++this.#callers < longest
    )
  }

  /** Whether the turn is so long that its beginning no longer tells the time: in a turn that does not end no timer comes. */
  get isOutworn(): boolean {
    return this.#callers >= longest
  }
}
