import type { Clock, TimerHandle } from '../../src/core/clock'

/** A seeded generator (mulberry32): the same seed, the same run. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Decides, by seed, who of all that wait goes on next. Time passes only when nobody can go on: then the next timer fires.
 */
export class Interleaving implements Clock {
  readonly #random: () => number
  readonly #onStep: () => void
  readonly #waiting: (() => void)[] = []
  readonly #timers = new Map<TimerHandle, { readonly atMs: number; readonly callback: () => void }>()
  #nowMs = 0

  constructor(random: () => number, onStep: () => void) {
    this.#random = random
    this.#onStep = onStep
  }

  now(): number {
    return this.#nowMs
  }

  wallClockMs(): number {
    return this.#nowMs
  }

  setTimer(callback: () => void, delayMs: number): TimerHandle {
    const timer = {}
    this.#timers.set(timer, { atMs: this.#nowMs + delayMs, callback })
    return timer
  }

  clearTimer(timer: TimerHandle): void {
    this.#timers.delete(timer)
  }

  /** An await point: whoever comes here goes on when the seed says so. */
  pause(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Runs until `work` has settled. */
  async run<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false }
    const settle = () => {
      state.isDone = true
    }
    work.then(settle, settle)
    for (;;) {
      await new Promise(setImmediate)
      if (state.isDone) return work
      this.#step()
    }
  }

  #step(): void {
    this.#onStep()
    if (this.#waiting.length > 0) {
      const [next] = this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1)
      next?.()
      return
    }
    const [first] = [...this.#timers].sort(([, a], [, b]) => a.atMs - b.atMs)
    if (first === undefined) throw new Error('everybody waits and nothing can happen any more: a deadlock')
    const [timer, { atMs, callback }] = first
    this.#timers.delete(timer)
    this.#nowMs = Math.max(this.#nowMs, atMs)
    callback()
  }
}
