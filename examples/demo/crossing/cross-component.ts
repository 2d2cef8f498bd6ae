import type { Fleet } from '../processes/fleet'
import type { CrossingResult, RampResult, RollbackResult } from '../report/model'
import type { Toolbox } from '../workspace/toolbox'
import type { LoadLevel } from '../load/messages'
import type { Component } from './components'
import { rampShares, rampTo, rehearseFlagRollback, rehearseForcedRollback, type RampDeps } from './ramp'

export interface CrossingDeps extends RampDeps {
  readonly fleet: Fleet
  readonly toolbox: Toolbox
  /** Load of the component while it crosses, and afterwards. */
  readonly crossingLevel: LoadLevel
  readonly restingLevel: LoadLevel
  /** Tells a person what is going on. */
  readonly say: (step: string) => void
}

/** Takes one component over: codemod, build, restart, ramp, rehearsed way back. The load goes on all the time. */
export async function crossComponent(
  component: Component,
  deps: CrossingDeps,
  options: { readonly isForceRehearsed: boolean },
): Promise<CrossingResult> {
  const { timeline, toolbox, fleet, say } = deps
  const startedAtMs = timeline.clock.now()
  const { rewritten, left } = await rewrite(component, deps)
  say('build')
  await timeline.during({ kind: 'build', component, label: 'build' }, () => toolbox.build())
  say('rolling restart')
  await timeline.during({ kind: 'restart', component, label: 'restart' }, () => fleet.restart(component))
  const host = fleet.host(component)
  host.setLoad(deps.crossingLevel)
  const ramps: RampResult[] = []
  for (const share of rampShares) {
    say(`ramp to ${share * 100} %`)
    ramps.push(await rampTo(component, share, deps))
  }
  say('rehearse the way back by flag')
  const rollbacks: RollbackResult[] = [await rehearseFlagRollback(component, deps)]
  if (options.isForceRehearsed) {
    say('rehearse the way back by kill switch')
    rollbacks.push(await rehearseForcedRollback(host, deps))
  }
  host.setLoad(deps.restingLevel)
  return { component, rewritten, left, ramps, rollbacks, tookMs: timeline.clock.now() - startedAtMs }
}

async function rewrite(
  component: Component,
  { timeline, toolbox, say }: CrossingDeps,
): Promise<{ readonly rewritten: number; readonly left: number }> {
  say('pgferry migrate')
  return timeline.during({ kind: 'codemod', component, label: 'migrate' }, async () => {
    const { report } = await toolbox.migrate([component])
    toolbox.workspace.commit(`pgferry migrate ${component}`)
    const { rewritten, manual, leak } = report.totals
    return { rewritten, left: manual + leak }
  })
}
