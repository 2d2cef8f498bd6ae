import type { Clock } from '../../core/clock'
import type { Side } from '../catalog/side'
import type { ConnectionBudget } from './connection-budget'
import type { LeaseLedger } from './lease-ledger'
import type { SidePort } from './side-port'
import type { UnitScope } from './unit-of-work'

/** What the routers of one ferry share. */
export interface RouterDeps {
  readonly sides: Readonly<Record<Side, SidePort>>
  readonly scope: UnitScope
  readonly ledger: LeaseLedger
  readonly budget: ConnectionBudget | undefined
  readonly clock: Clock
  /** Whether the ferry takes no new leases any more. */
  readonly isClosed: () => boolean
  /** Whether the time is over that leases had to come back when the ferry was closed. */
  readonly isOverdue: () => boolean
}
