import type { ConnectionRecord, EventRecord, FerryRecord, UnitRecord } from './records'

/** What the demo needs of time: the wall clock, because several processes compare instants, and one kind of timer. */
export interface TimelineClock {
  readonly now: () => number
  /** Calls back once; returns what cancels it. */
  readonly after: (delayMs: number, callback: () => void) => () => void
}

/** The time of this machine. */
export const wallClock: TimelineClock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs)
    return () => {
      clearTimeout(timer)
    }
  },
}

interface Waiter {
  check(): void
  fail(error: Error): void
}

/** Something that was waited for did not happen in time. */
export class StepTimeoutError extends Error {
  override readonly name = 'StepTimeoutError'
}

/** Everything that was seen during the run, in the order in which it arrived, and a way to wait for more. */
export class Timeline {
  readonly units: UnitRecord[] = []
  readonly ferries: FerryRecord[] = []
  readonly connections: ConnectionRecord[] = []
  readonly events: EventRecord[] = []
  readonly #waiters = new Set<Waiter>()
  #failure: Error | undefined
  #rejectFailed: (error: Error) => void = () => undefined
  /** Rejects when the run cannot go on; never resolves. */
  readonly failed: Promise<never>

  constructor(readonly clock: TimelineClock) {
    this.failed = new Promise((_, reject) => {
      this.#rejectFailed = reject
    })
    // Whoever races it sees the failure; when nobody does yet, it is no unhandled rejection.
    this.failed.catch(() => undefined)
  }

  addUnits(units: readonly UnitRecord[]): void {
    this.units.push(...units)
    this.#changed()
  }

  addFerry(record: FerryRecord): void {
    this.ferries.push(record)
    this.#changed()
  }

  addConnections(record: ConnectionRecord): void {
    this.connections.push(record)
    this.#changed()
  }

  /** Runs `work` and records it as an event, whether it succeeds or not. */
  async during<T>(
    event: Pick<EventRecord, 'kind' | 'component' | 'label'>,
    work: () => Promise<T>,
  ): Promise<T> {
    const fromMs = this.clock.now()
    try {
      return await work()
    } finally {
      this.events.push({ ...event, fromMs, toMs: this.clock.now() })
    }
  }

  /** Ends every wait, now and later, with `error`: the run cannot go on. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#rejectFailed(this.#failure)
    for (const waiter of [...this.#waiters]) waiter.fail(this.#failure)
  }

  /** Why the run cannot go on; `undefined` as long as it can. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /**
   * Resolves when `condition` holds; it is looked at whenever something new was recorded.
   *
   * @throws StepTimeoutError after `timeoutMs`, saying `what` was waited for; the error given to {@link Timeline.fail}
   */
  waitFor(what: string, timeoutMs: number, condition: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (condition()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        cancel()
        this.#waiters.delete(waiter)
        act()
      }
      const waiter: Waiter = {
        check: () => {
          if (condition()) settle(resolve)
        },
        fail: (error) => {
          settle(() => {
            reject(error)
          })
        },
      }
      const cancel = this.clock.after(timeoutMs, () => {
        waiter.fail(new StepTimeoutError(`waited ${timeoutMs} ms in vain for ${what}`))
      })
      this.#waiters.add(waiter)
    })
  }

  #changed(): void {
    for (const waiter of [...this.#waiters]) waiter.check()
  }
}
