import type { Clock } from '../core/clock'
import type { EventListener } from '../core/events'
import type { Driver } from './driver'
import type { ResolvedPoolOptions } from './pool-options'

/** What the parts of a pool share. */
export interface PoolContext {
  /** How events and errors call the pool. */
  readonly name: string
  readonly driver: Driver
  readonly clock: Clock
  readonly onEvent: EventListener | undefined
  /** The pool, as traces name it. */
  readonly owner?: object
  /** `resize()` replaces them: read them when they are needed. */
  options: ResolvedPoolOptions
}
