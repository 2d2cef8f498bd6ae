import type { Clock } from '../../core/clock'
import { emptySnapshot, type FlagSnapshot } from './flag-source'
import { isSameTable, toShares, type FlagValues } from './flag-values'
import { toError } from './to-error'

type Listener = (snapshot: FlagSnapshot) => void

/** The present snapshot of one source and those who listen to it. Each source owns one. */
export class FlagStore {
  #snapshot: FlagSnapshot = emptySnapshot
  readonly #listeners = new Map<symbol, Listener>()
  #isClosed = false

  constructor(private readonly clock: Clock) {}

  get isClosed(): boolean {
    return this.#isClosed
  }

  snapshot(): FlagSnapshot {
    return this.#snapshot
  }

  /**
   * Replaces the snapshot when `values` differ from it, and tells the listeners then. Does nothing after `close()`.
   *
   * @throws InvalidOptionError for a share outside 0 to 1; nothing has changed then.
   */
  publish(values: FlagValues, takenAtMs = this.clock.wallClockMs()): boolean {
    if (this.#isClosed) return false
    const shares = toShares('shares', values.shares ?? {})
    const shadows = toShares('shadows', values.shadows ?? {})
    const before = this.#snapshot
    const isSame =
      before.generation > 0 &&
      before.enabled === values.enabled &&
      isSameTable(before.shares, shares) &&
      isSameTable(before.shadows, shadows)
    if (isSame) return false
    this.#snapshot = Object.freeze({
      generation: before.generation + 1,
      takenAtMs,
      enabled: values.enabled,
      shares,
      shadows,
    })
    this.#tell()
    return true
  }

  onChange(listener: Listener): () => void {
    // A key of its own, so that the same function given twice can be taken back once.
    const key = Symbol('listener')
    this.#listeners.set(key, listener)
    return () => {
      this.#listeners.delete(key)
    }
  }

  /** Silences the store; the last snapshot stays readable. */
  close(): void {
    this.#isClosed = true
    this.#listeners.clear()
  }

  #tell(): void {
    const told = this.#snapshot
    for (const [key, listener] of [...this.#listeners]) {
      // A listener may unsubscribe a later one, or publish again: the newer round has told everybody then.
      if (this.#snapshot !== told) return
      if (!this.#listeners.has(key)) continue
      try {
        listener(told)
      } catch (error) {
        // One listener's fault must neither silence the others nor end the process from inside a timer.
        process.emitWarning(`a flag listener threw: ${toError(error).message}`, 'PgferryWarning')
      }
    }
  }
}
