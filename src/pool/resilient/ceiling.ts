import { emitSafely } from '../../core/events'
import type { PoolContext } from '../pool-context'

/** After a server has said that it is full, the pool asks for one more each time this many milliseconds have passed. */
const shrunkForMs = 10_000

/** How many connections a pool may have: its `max`, or less for a while after the server has said that it is full (53300). */
export class Ceiling {
  readonly #context: PoolContext
  /** What the server seems to allow; infinite until it has refused one. */
  #allowed = Infinity
  #sinceMs = 0

  constructor(context: PoolContext) {
    this.#context = context
  }

  get current(): number {
    const { max } = this.#context.options
    if (this.#allowed === Infinity) return max
    const nowMs = this.#context.clock.now()
    const raised = Math.floor((nowMs - this.#sinceMs) / shrunkForMs)
    if (raised > 0) {
      this.#allowed += raised
      this.#sinceMs = nowMs
    }
    if (this.#allowed >= max) this.#allowed = Infinity
    return Math.min(max, this.#allowed)
  }

  /** When it is raised next; infinite while it is not lowered. */
  get raisedAtMs(): number {
    return this.#allowed === Infinity ? Infinity : this.#sinceMs + shrunkForMs
  }

  /** The server has refused one more than `count`. */
  lower(count: number): void {
    const context = this.#context
    this.#allowed = Math.max(1, count)
    this.#sinceMs = context.clock.now()
    if (this.#allowed >= context.options.max) return
    emitSafely(context.onEvent, { kind: 'pool-shrunk', pool: context.name, max: this.#allowed })
  }
}
