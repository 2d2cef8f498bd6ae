import type { Side, Stage } from './catalog/side'
import type { FlagHealth } from './flags/flag-source'
import type { SideReason } from './routing/decide-side'
import type { SideCount } from './routing/side-counters'

/** What the ferry does now; a plain value that can be written as JSON. */
export interface FerryStatus {
  /** Counts up with each change of flags or kill switches. */
  readonly generation: number
  readonly flags: {
    readonly kind: string
    /** Generation of the source's own snapshot. */
    readonly generation: number
    /** Milliseconds since the flags were read. */
    readonly ageMs: number
    readonly health: FlagHealth
  }
  /** In migration order. */
  readonly components: readonly ComponentStatus[]
  /** Absent when the ferry has no budget. */
  readonly budget?: BudgetStatus
}

export interface ComponentStatus {
  readonly name: string
  readonly stage: Stage
  readonly purpose: string
  /** What the flag says, 0 to 1; `undefined`: it is lost or never was. */
  readonly flagShare: number | undefined
  /** Share of new units on the service side, after stage and kill switches: 0 to 1. */
  readonly share: number
  readonly reason: SideReason
  /** Why it is forced to the legacy side; empty when it is not. */
  readonly forced: readonly string[]
  /** Leases out now. */
  readonly leases: Readonly<Record<Side, number>>
  /** Units of work begun since the start. */
  readonly units: Readonly<Record<Side, number>>
  /** Acquires since the start. */
  readonly acquires: Readonly<Record<Side, SideCount>>
}

export interface BudgetStatus {
  readonly maxConnections: number
  /** Physical connections of both sides. */
  readonly used: number
  readonly bySide: Readonly<Record<Side, number>>
  /** Acquires that wait for the budget. */
  readonly waiting: number
}
