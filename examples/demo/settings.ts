import type { RampTiming } from './crossing/ramp'
import type { LoadLevel } from './load/messages'

/** How big the run is. */
export interface DemoSettings {
  /** Every component, except the one that crosses. */
  readonly restingLevel: LoadLevel
  /** The component that crosses: more units, so that a share of 10 % is soon seen. */
  readonly crossingLevel: LoadLevel
  readonly timing: RampTiming
  /** Connections that one process may open on both sides together. */
  readonly budgetPerProcess: number
  readonly monitorEveryMs: number
}

/** Two cores, which also run the compiler and the codemods, and less than two minutes. */
export const fullSettings: DemoSettings = {
  restingLevel: { ratePerSecond: 6, concurrency: 2 },
  crossingLevel: { ratePerSecond: 50, concurrency: 4 },
  timing: { unitsPerStage: 40, leastStageMs: 800, stageTimeoutMs: 30_000 },
  budgetPerProcess: 10,
  monitorEveryMs: 200,
}

/** The same plot with fewer units, for tests. */
export const quickSettings: DemoSettings = {
  ...fullSettings,
  restingLevel: { ratePerSecond: 4, concurrency: 2 },
  timing: { unitsPerStage: 15, leastStageMs: 200, stageTimeoutMs: 60_000 },
}
