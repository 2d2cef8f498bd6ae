import type { Clock, TimerHandle } from '../core/clock'
import { activityOf } from '../pool/pg-client-state'
import type { LeaseRegistry } from './lease-registry'
import type { NestedWait } from './nested-wait'
import type { ServiceLease } from './service-lease'

/** How often in ms those are looked at who seem to wait for each other. */
const lookEveryMs = 250
/** Looks in a row between which nothing must have moved. More than one: a process that was stopped finds all its timers due. */
const quietLooks = 2

/** Statements sent so far, for each lease of what is waited for. */
type Progress = ReadonlyMap<ServiceLease, number>

interface Circle {
  readonly progress: Progress | undefined
  readonly quietCount: number
}

/**
 * Refuses an acquire when everybody who could give a connection back waits in the same way. An acquire that its work does not
 * await is no part of a circle: that work goes on, and ends. So nobody is refused while anything moves: a lease ends, or a
 * statement is sent or runs on one of the connections. One timer looks after all, and only while a limit is full of those who wait.
 */
export class DeadlockWatch {
  readonly #clock: Clock
  readonly #leases: LeaseRegistry
  /** In order of arrival. */
  readonly #waits = new Set<NestedWait>()
  #circles = new Map<object, Circle>()
  #timer: TimerHandle | undefined

  constructor(clock: Clock, leases: LeaseRegistry) {
    this.#clock = clock
    this.#leases = leases
  }

  add(wait: NestedWait): void {
    this.#waits.add(wait)
    wait.onEnd = () => this.#waits.delete(wait)
    if (wait.stuckAt === undefined) return
    if (!this.#circles.has(wait.resource)) {
      this.#circles.set(wait.resource, { progress: this.#progressOf(wait), quietCount: 0 })
    }
    this.#schedule()
  }

  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #schedule(): void {
    const look = (): void => {
      this.#timer = undefined
      this.#look()
    }
    this.#timer ??= this.#clock.setTimer(look, lookEveryMs, { isBackground: true })
  }

  #look(): void {
    const circles = new Map<object, Circle>()
    for (const youngest of this.#youngest()) {
      const max = youngest.stuckAt
      if (max === undefined) continue
      const before = this.#circles.get(youngest.resource)
      const progress = this.#progressOf(youngest)
      const quietCount = isSame(before?.progress, progress) ? (before?.quietCount ?? 0) + 1 : 0
      circles.set(youngest.resource, { progress, quietCount })
      // One is enough: its work ends with the error and frees a connection for the others.
      if (quietCount >= quietLooks) youngest.refuse(max)
    }
    this.#circles = circles
    if (circles.size > 0) this.#schedule()
  }

  /** Of each limit the one that came last. */
  #youngest(): Iterable<NestedWait> {
    return new Map([...this.#waits].map((wait) => [wait.resource, wait])).values()
  }

  /** `undefined` while a statement runs. */
  #progressOf({ contended, route }: NestedWait): Progress | undefined {
    const progress = new Map<ServiceLease, number>()
    for (const lease of this.#leases) {
      const isWithin =
        contended === 'pool' ? lease.route.database === route.database : lease.route.purpose === route.purpose
      if (!isWithin) continue
      if (activityOf(lease.pooled.client) === 'busy') return undefined
      progress.set(lease, lease.statementCount)
    }
    return progress
  }
}

function isSame(before: Progress | undefined, now: Progress | undefined): boolean {
  if (before === undefined || now === undefined || before.size !== now.size) return false
  for (const [lease, count] of now) if (before.get(lease) !== count) return false
  return true
}
