import type { LoadLevel } from './messages'

export interface PacedLoadDeps {
  /** Milliseconds on a scale that never goes back. */
  now(): number
  /** Calls back once; returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void
  /** One step; it must not reject: failures are its own affair. */
  step(index: number): Promise<void>
}

/**
 * Begins steps at a bounded rate with a bounded number under way. When the steps are slower than the rate, the rate gives
 * way: missed beginnings are not caught up in a burst.
 */
export class PacedLoad {
  #level: LoadLevel = { ratePerSecond: 0, concurrency: 0 }
  #underWay = 0
  #begun = 0
  #nextAtMs = 0
  #cancelTimer: (() => void) | undefined
  #drained: (() => void)[] = []

  constructor(readonly deps: PacedLoadDeps) {}

  /** Steps under way now. */
  get underWay(): number {
    return this.#underWay
  }

  setLevel(level: LoadLevel): void {
    this.#level = level
    this.#nextAtMs = this.deps.now()
    this.#schedule()
  }

  /** Begins no new step; resolves when the last one has ended. */
  drain(): Promise<void> {
    this.setLevel({ ratePerSecond: 0, concurrency: 0 })
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drained.push(resolve)
    })
  }

  #schedule(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const { ratePerSecond, concurrency } = this.#level
    if (ratePerSecond <= 0 || this.#underWay >= concurrency) return
    const delayMs = Math.max(0, this.#nextAtMs - this.deps.now())
    this.#cancelTimer = this.deps.after(delayMs, () => {
      this.#cancelTimer = undefined
      this.#begin()
      this.#schedule()
    })
  }

  #begin(): void {
    const { ratePerSecond } = this.#level
    this.#nextAtMs = Math.max(this.#nextAtMs, this.deps.now() - 1000 / ratePerSecond) + 1000 / ratePerSecond
    this.#underWay += 1
    const index = this.#begun
    this.#begun += 1
    void this.deps.step(index).finally(() => {
      this.#underWay -= 1
      if (this.#underWay === 0) for (const resolve of this.#drained.splice(0)) resolve()
      if (this.#cancelTimer === undefined) this.#schedule()
    })
  }
}
