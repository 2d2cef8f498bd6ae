import type { Clock, TimerHandle } from '../core/clock'
import type { LeaseRegistry } from './lease-registry'

/** How often in ms it is looked whether anything moves, while callers wait. */
const lookEveryMs = 250
/** Quiet looks in a row after which a stall is a long one. */
const longLooks = 2
/** How long in ms a stall is remembered after the last quiet look. */
const rememberedForMs = 60_000

export interface StallWatchDeps {
  readonly clock: Clock
  readonly leases: LeaseRegistry
  /** Acquires that wait, of the whole service. */
  readonly countWaiting: () => number
  /** The last stall is long ago. */
  readonly onOver: () => void
}

/** Notices that callers wait while no lease ends. A waiting caller costs it one comparison. */
export class StallWatch {
  readonly #deps: StallWatchDeps
  #timer: TimerHandle | undefined
  #endedCount = 0
  #quietCount = 0
  #stallingUntilMs = -Infinity
  #isClosed = false
  isStalling = false

  constructor(deps: StallWatchDeps) {
    this.#deps = deps
  }

  /** Whether nothing has moved for some time, now. */
  get isLong(): boolean {
    return this.#quietCount >= longLooks
  }

  someoneWaits(): void {
    if (this.#timer === undefined && !this.#isClosed) this.#schedule()
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #schedule(): void {
    const { clock, leases } = this.#deps
    this.#endedCount = leases.endedCount
    const look = (): void => {
      this.#timer = undefined
      this.#look()
    }
    this.#timer = clock.setTimer(look, lookEveryMs, { isBackground: true })
  }

  #look(): void {
    const { clock, leases, countWaiting, onOver } = this.#deps
    const isWaiting = countWaiting() > 0
    const isQuiet = isWaiting && leases.hasAny && leases.endedCount === this.#endedCount
    this.#quietCount = isQuiet ? this.#quietCount + 1 : 0
    if (isQuiet) {
      this.isStalling = true
      this.#stallingUntilMs = clock.now() + rememberedForMs
    } else if (this.isStalling && clock.now() >= this.#stallingUntilMs) {
      this.isStalling = false
      onOver()
    }
    if (isWaiting || this.isStalling) this.#schedule()
  }
}
