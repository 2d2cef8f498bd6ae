import type { Clock, TimerHandle } from '../../core/clock'
import type { Waiter } from './lender'

/** The array is compacted when this many of its places, and half of them, are empty. */
const compactFrom = 64

/**
 * Callers in order of arrival. All have the same limit, so the first is always due first: ONE timer serves them all, and it is left to
 * run when they are served sooner.
 */
export class WaiterLine {
  readonly #clock: Clock
  readonly #onDue: (waiter: Waiter) => void
  #places: (Waiter | undefined)[] = []
  #head = 0
  #timer: TimerHandle | undefined

  /** @param onDue a caller has waited for its limit and has left the line */
  constructor(clock: Clock, onDue: (waiter: Waiter) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  get size(): number {
    return this.#places.length - this.#head
  }

  /** When the last one has joined; of an empty line, never. */
  get joinedAtMs(): number {
    return this.size === 0 ? -Infinity : (this.#places[this.#places.length - 1]?.sinceMs ?? -Infinity)
  }

  add(waiter: Waiter, nowMs: number): void {
    waiter.sinceMs = nowMs
    this.#places.push(waiter)
  }

  /**
   * Sets the timer for whoever is in the line, unless it runs.
   *
   * @param limitMs how long a caller waits at most; 0 for ever
   */
  limit(limitMs: number): void {
    if (limitMs > 0 && this.#timer === undefined && this.size > 0) this.#watch(limitMs, limitMs)
  }

  first(): Waiter | undefined {
    return this.#places[this.#head]
  }

  /** Takes the first out of the line; whoever takes it must tell it. */
  take(): Waiter | undefined {
    if (this.#head === this.#places.length) return undefined
    const waiter = this.#places[this.#head]
    this.#places[this.#head++] = undefined
    if (this.#head === this.#places.length) {
      this.#places.length = 0
      this.#head = 0
    } else if (this.#head >= compactFrom && this.#head * 2 >= this.#places.length) {
      this.#places.splice(0, this.#head)
      this.#head = 0
    }
    return waiter
  }

  /** How many have waited since `atMs` or longer. */
  countSince(atMs: number): number {
    let count = 0
    while (this.#head + count < this.#places.length) {
      if ((this.#places[this.#head + count]?.sinceMs ?? Infinity) > atMs) break
      count++
    }
    return count
  }

  /** Takes everybody out but the first `kept`. */
  cut(kept: number): readonly Waiter[] {
    return this.#places.splice(this.#head + kept) as readonly Waiter[]
  }

  /** Clears the timer; called when nobody can wait any more. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #watch(limitMs: number, delayMs: number): void {
    this.#timer = this.#clock.setTimer(
      () => {
        this.#expire(limitMs)
      },
      delayMs,
      { isBackground: true },
    )
  }

  #expire(limitMs: number): void {
    this.#timer = undefined
    // A timer may come a fraction of a millisecond early; the caller would wait for another one.
    const dueSinceMs = this.#clock.now() - limitMs + 1
    for (let first = this.first(); first !== undefined && first.sinceMs <= dueSinceMs; first = this.first()) {
      this.take()
      this.#onDue(first)
    }
    const next = this.first()
    if (next !== undefined) this.#watch(limitMs, Math.max(1, next.sinceMs + limitMs - this.#clock.now()))
  }
}
