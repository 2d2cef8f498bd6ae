import type { ClientBase } from 'pg'
import type { Clock, TimerHandle } from '../../core/clock'
import type { OneShotDeps } from './one-shot-options'

export interface CancelTask {
  /** Whether the statement that nobody waits for is still what the server is at. */
  readonly isStillWanted: () => boolean
  /** It has ended, by the cancel or by itself. */
  readonly onDone: () => void
  /** The server does not react. */
  readonly onGiveUp: () => void
}

/** A request that arrives between two statements has no effect; so it is sent again. */
const againAfterMs = 250
const attempts = 20
/** A request that was taken reaches the session within this time, or never. */
const hitWithinMs = 1_000

/** Asks the server to cancel what a client runs, until it does. One request at a time. */
export class CancelLoop {
  #asking: Promise<unknown> | undefined
  #timer: TimerHandle | undefined
  #hitsUntilMs = -Infinity

  constructor(
    private readonly client: ClientBase,
    private readonly clock: Clock,
    private readonly cancel: NonNullable<OneShotDeps['cancel']>,
  ) {}

  /** A request is on its way, and would hit whatever runs when it arrives. */
  get isActive(): boolean {
    return this.#asking !== undefined
  }

  /** Resolves when no request is on its way; by then the server has sent its signals. */
  async whenQuiet(): Promise<void> {
    while (this.#asking !== undefined) await this.#asking
  }

  /**
   * Whether a cancel that was seen may be one of ours. Not counted: servers before 17 send two signals for one request, and the
   * second may hit the statement after the one that was meant.
   */
  mayHaveHit(): boolean {
    return this.clock.now() <= this.#hitsUntilMs
  }

  run(task: CancelTask): void {
    if (this.#asking === undefined && this.#timer === undefined) void this.#attempt(task, 1)
  }

  stop(): void {
    if (this.#timer !== undefined) this.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  async #attempt(task: CancelTask, attempt: number): Promise<void> {
    this.#asking = this.cancel(this.client, () => {
      const isWanted = task.isStillWanted()
      if (isWanted) this.#hitsUntilMs = Infinity
      return isWanted
    })
    await this.#asking
    this.#asking = undefined
    // It was sent: from now on its effect can only be a late one.
    if (this.#hitsUntilMs === Infinity) this.#hitsUntilMs = this.clock.now() + hitWithinMs
    if (!task.isStillWanted()) task.onDone()
    else if (attempt === attempts) task.onGiveUp()
    else
      this.#timer = this.clock.setTimer(() => {
        this.#timer = undefined
        if (task.isStillWanted()) void this.#attempt(task, attempt + 1)
        else task.onDone()
      }, againAfterMs)
  }
}
