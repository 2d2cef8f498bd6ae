import type { Clock } from '../core/clock'
import type { EventListener } from '../core/events'
import type { Driver } from './driver'
import type { ResolvedPoolOptions } from './pool-options'

/** What the parts of a pool share. */
export interface PoolContext {
  readonly driver: Driver
  readonly clock: Clock
  readonly onEvent: EventListener | undefined
  readonly options: ResolvedPoolOptions
}
