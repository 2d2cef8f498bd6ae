import type { Job } from './job'
import type { StatementRecord } from './statement-catalog'

/** Jobs that wait: for room on a lane, in order, or for the first run of their text to end. */
export class WaitingJobs {
  #queue: Job[] = []
  /** Jobs before this place have been taken. */
  #start = 0
  readonly #parked = new Map<StatementRecord, Job[]>()

  /** Whether nobody waits for room. */
  get isEmpty(): boolean {
    return this.first() === undefined
  }

  /** An upper bound: jobs whose callers have gone are found out late. */
  get length(): number {
    let count = this.#queue.length - this.#start
    for (const parked of this.#parked.values()) count += parked.length
    return count
  }

  add(job: Job): void {
    this.#queue.push(job)
  }

  /** These go before all others. */
  addFirst(jobs: readonly Job[]): void {
    this.#queue = [...jobs, ...this.#queue.slice(this.#start)]
    this.#start = 0
  }

  /** Waits until {@link WaitingJobs.unpark}. */
  park(job: Job, record: StatementRecord): void {
    const parked = this.#parked.get(record)
    if (parked === undefined) this.#parked.set(record, [job])
    else parked.push(job)
  }

  /** The text is known now: who waited for that waits for room. */
  unpark(record: StatementRecord): void {
    const parked = this.#parked.get(record)
    if (parked === undefined) return
    this.#parked.delete(record)
    this.addFirst(parked)
  }

  /** The first job whose caller still waits. */
  first(): Job | undefined {
    for (; this.#start < this.#queue.length; this.#start++) {
      const job = this.#queue[this.#start]
      if (job !== undefined && !job.isSettled) return job
    }
    this.#queue = []
    this.#start = 0
    return undefined
  }

  removeFirst(): void {
    this.#start++
    // What was taken is let go of from time to time, not one by one.
    if (this.#start < 1_024) return
    this.#queue.splice(0, this.#start)
    this.#start = 0
  }

  /** Takes out all that `shouldLeave` says. */
  takeOut(shouldLeave: (job: Job) => boolean): Job[] {
    const taken: Job[] = []
    const stays = (job: Job): boolean => {
      if (job.isSettled) return false
      if (!shouldLeave(job)) return true
      taken.push(job)
      return false
    }
    for (const [record, parked] of this.#parked) {
      const staying = parked.filter(stays)
      if (staying.length === 0) this.#parked.delete(record)
      else this.#parked.set(record, staying)
    }
    this.#queue = this.#queue.slice(this.#start).filter(stays)
    this.#start = 0
    return taken
  }
}
