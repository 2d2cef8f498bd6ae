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

/** About 100 steps per second in total, two cores, under two minutes. */
export const fullSettings: DemoSettings = {
  restingLevel: { ratePerSecond: 12, concurrency: 3 },
  crossingLevel: { ratePerSecond: 50, concurrency: 4 },
  timing: { unitsPerStage: 60, stageTimeoutMs: 30_000 },
  budgetPerProcess: 10,
  monitorEveryMs: 200,
}

/** The same plot with fewer units, for tests. */
export const quickSettings: DemoSettings = {
  ...fullSettings,
  restingLevel: { ratePerSecond: 4, concurrency: 2 },
  timing: { unitsPerStage: 15, stageTimeoutMs: 30_000 },
}
