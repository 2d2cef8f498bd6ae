import type { Clock } from '../core/clock'
import type { EventListener } from '../core/events'
import type { Random } from '../core/random'
import type { ConnectionSource } from './connection-target'
import type { Driver } from './driver'
import type { PoolOptions } from './pool-options'

export interface SimplePoolOptions {
  readonly connection: ConnectionSource
  readonly pool?: PoolOptions
  /** How events and errors call the pool; default `default`. */
  readonly name?: string
}

export interface SimplePoolDeps {
  readonly clock: Clock
  readonly random: Random
  readonly onEvent: EventListener
  readonly driver: Driver
}
