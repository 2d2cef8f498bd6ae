import { components, type Component } from '../crossing/components'
import { percentile } from '../timeline/bins'
import type { DemoResult } from './model'

/** Units of one component on one side, over the whole run. */
export interface SideFigures {
  readonly component: Component
  readonly side: 'legacy' | 'service'
  readonly units: number
  readonly failures: number
  readonly p50Ms: number | undefined
  readonly p95Ms: number | undefined
}

export function figuresBySide({ timeline }: Pick<DemoResult, 'timeline'>): readonly SideFigures[] {
  return components.flatMap((component) =>
    (['legacy', 'service'] as const).map((side) => {
      const units = timeline.units.filter((unit) => unit.component === component && unit.servedBy === side)
      const took = units.map(({ tookMs }) => tookMs)
      return {
        component,
        side,
        units: units.length,
        failures: units.filter(({ error }) => error !== undefined).length,
        p50Ms: percentile(took, 0.5),
        p95Ms: percentile(took, 0.95),
      }
    }),
  )
}

export interface Totals {
  readonly units: number
  readonly failures: number
  readonly sites: number
  readonly rewritten: number
  readonly restarts: number
  readonly slowestRollbackMs: number
  readonly seconds: number
}

export function totalsOf(result: DemoResult): Totals {
  const { timeline, before, crossings, startedAtMs, endedAtMs } = result
  const rollbacks = crossings.flatMap((crossing) => crossing.rollbacks)
  return {
    units: timeline.units.length,
    failures: timeline.units.filter(({ error }) => error !== undefined).length,
    sites: before.packages.reduce(
      (sum, { verdicts }) => sum + verdicts.rewritable + verdicts.manual + verdicts.leak,
      0,
    ),
    rewritten: crossings.reduce((sum, { rewritten }) => sum + rewritten, 0),
    restarts: timeline.events.filter(({ kind }) => kind === 'restart').length,
    slowestRollbackMs: rollbacks.reduce(
      (most, { lastServiceUnitMs }) => Math.max(most, lastServiceUnitMs),
      0,
    ),
    seconds: (endedAtMs - startedAtMs) / 1000,
  }
}
