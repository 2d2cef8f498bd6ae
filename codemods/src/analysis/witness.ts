import type { ts } from 'ts-morph'
import type { WitnessStep } from '../model/site'
import type { SiteFacts } from './site-facts'
import { positionOf } from './syntax'
import type { Finding } from './typestate'

export function witnessStep(node: ts.Node, note: string): WitnessStep {
  return { ...positionOf(node), note }
}

/** "Taken here", then what the decision rests on. */
export function witnessOf(
  facts: SiteFacts,
  ...rest: readonly (WitnessStep | undefined)[]
): readonly WitnessStep[] {
  return [
    witnessStep(facts.acquire.call, 'the connection is taken here'),
    ...rest.filter((step) => step !== undefined),
  ]
}

/** The path of a finding, told in the few steps that a person needs. */
export function witnessOfFinding(facts: SiteFacts, finding: Finding): readonly WitnessStep[] {
  switch (finding.kind) {
    case 'held-at-throw':
      return witnessOf(
        facts,
        finding.thrownAt &&
          witnessStep(finding.thrownAt, 'when this throws, the function is left with the connection held'),
      )
    case 'held-at-return': {
      const last = finding.path.at(-1)
      const isAcquire =
        last !== undefined && last.pos <= facts.acquire.call.pos && facts.acquire.call.end <= last.end
      return witnessOf(
        facts,
        last === undefined || isAcquire
          ? undefined
          : witnessStep(last, 'the function is left behind this with the connection held'),
      )
    }
    case 'double-release':
      return witnessOf(
        facts,
        finding.at && witnessStep(finding.at, 'released here although a path has released it before'),
      )
    case 'use-after-release':
      return witnessOf(
        facts,
        finding.at && witnessStep(finding.at, 'used here although a path has released it before'),
      )
    case 'lost':
      return witnessOf(
        facts,
        finding.at && witnessStep(finding.at, 'the variable gets another value while the connection is held'),
      )
    case 'too-complex':
      return witnessOf(facts)
  }
}
