import { assertNever } from '../core/assert-never'
import type { Clock } from '../core/clock'
import type { EventListener } from '../core/events'
import type { Random } from '../core/random'
import { MockPoolStrategy } from '../pool/mock-pool'
import type { PoolStrategy } from '../pool/pool-strategy'
import { ResilientPoolStrategy } from '../pool/resilient/resilient-pool'
import { SimplePoolStrategy } from '../pool/simple-pool'
import type { ResolvedDatabase } from './service-options'

export interface StrategyDeps {
  readonly clock: Clock
  readonly random: Random
  readonly onEvent: EventListener
}

export type StrategyFactory = (database: ResolvedDatabase, deps: StrategyDeps) => PoolStrategy

/** The pool of a database, as its `strategy` says. */
export const createStrategy: StrategyFactory = (
  { name, connection = {}, hosts, onConnect, strategy, pool },
  deps,
) => {
  if (typeof strategy !== 'string') return strategy
  switch (strategy) {
    case 'simple':
      return new SimplePoolStrategy({ name, connection, pool }, deps)
    case 'resilient':
      return new ResilientPoolStrategy(
        { name, connection, pool, ...(hosts && { hosts }) },
        { ...deps, ...(onConnect && { onConnect }) },
      )
    case 'mock':
      return new MockPoolStrategy({ name, pool }, deps)
    default:
      return assertNever(strategy)
  }
}
