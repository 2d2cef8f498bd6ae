import type { ComponentHost } from '../processes/component-host'
import type { RampResult, RollbackResult } from '../report/model'
import type { UnitRecord } from '../timeline/records'
import type { Timeline } from '../timeline/timeline'
import type { Component } from './components'
import type { FlagBoard } from './flag-board'
import { decideGate, lastServiceUnitMs, type GateVerdict } from './gate'

/** How long the demo looks at a stage. */
export interface RampTiming {
  /** Units to see at each share before going on. */
  readonly unitsPerStage: number
  /** The shortest look at a stage, in ms. */
  readonly leastStageMs: number
  /** A stage that has not come to a verdict by then has failed. */
  readonly stageTimeoutMs: number
}

export interface RampDeps {
  readonly timeline: Timeline
  readonly flags: FlagBoard
  readonly timing: RampTiming
}

/** A stage of the crossing that must not be left forward. */
export class NoGoError extends Error {
  override readonly name = 'NoGoError'
}

export const rampShares = [0.1, 0.5, 1] as const

/** Raises a component's share and watches until the gate says go. @throws NoGoError, StepTimeoutError */
export async function rampTo(component: Component, share: number, deps: RampDeps): Promise<RampResult> {
  const label = `${Math.round(share * 100)} %`
  return deps.timeline.during({ kind: 'ramp', component, label }, async () => {
    const flippedAtMs = deps.timeline.clock.now()
    await deps.flags.set(component, share)
    const units = await watchGate(component, share, flippedAtMs, deps)
    return {
      share,
      units: units.length,
      serviceUnits: units.filter(({ servedBy }) => servedBy === 'service').length,
    }
  })
}

/** Takes a component back to the legacy side under load by its flag, and forward again. */
export async function rehearseFlagRollback(component: Component, deps: RampDeps): Promise<RollbackResult> {
  return rehearse('flag', component, deps, {
    back: () => deps.flags.set(component, 0),
    forward: () => deps.flags.set(component, 1),
  })
}

/** The same by the kill switch of its process. */
export async function rehearseForcedRollback(host: ComponentHost, deps: RampDeps): Promise<RollbackResult> {
  return rehearse('force', host.component, deps, {
    back: () => {
      host.force('a rehearsal of the way back')
    },
    forward: () => {
      host.releaseForce()
    },
  })
}

async function rehearse(
  how: RollbackResult['how'],
  component: Component,
  deps: RampDeps,
  switches: { readonly back: () => void | Promise<void>; readonly forward: () => void | Promise<void> },
): Promise<RollbackResult> {
  const { timeline } = deps
  return timeline.during(
    { kind: 'rollback', component, label: how === 'flag' ? 'back' : 'kill' },
    async () => {
      const flippedAtMs = timeline.clock.now()
      await switches.back()
      const units = await watchGate(component, 0, flippedAtMs, deps)
      const againAtMs = timeline.clock.now()
      await switches.forward()
      await watchGate(component, 1, againAtMs, deps)
      return {
        how,
        lastServiceUnitMs: lastServiceUnitMs(units, flippedAtMs),
        unitsOnLegacy: units.filter(({ servedBy }) => servedBy === 'legacy').length,
      }
    },
  )
}

/** Waits for the gate's go and returns the units that it saw. */
async function watchGate(
  component: Component,
  share: number,
  flippedAtMs: number,
  { timeline, timing }: RampDeps,
): Promise<readonly UnitRecord[]> {
  const seenBefore = timeline.units.length
  let units: readonly UnitRecord[] = []
  let verdict: GateVerdict = { kind: 'wait', missing: 'everything' }
  const judge = (): boolean => {
    units = timeline.units
      .slice(seenBefore)
      .filter((unit) => unit.component === component && unit.beganAtMs > flippedAtMs)
    const ferry = timeline.ferries.findLast((record) => record.component === component)
    verdict = decideGate({ component, share, flippedAtMs, units, ferry, leastUnits: timing.unitsPerStage })
    const isTooEarly = timeline.clock.now() < flippedAtMs + timing.leastStageMs
    return verdict.kind === 'no-go' || (verdict.kind === 'go' && !isTooEarly)
  }
  await timeline.waitFor(`the gate of ${component} at ${share * 100} %`, timing.stageTimeoutMs, judge)
  // The condition above has assigned it; the compiler cannot see that.
  const reached = verdict as GateVerdict
  if (reached.kind === 'no-go') throw new NoGoError(`${component} at ${share * 100} %: ${reached.reason}`)
  return units
}
