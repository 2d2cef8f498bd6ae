import ts from 'typescript'
import type { WitnessStep } from '../../model/site'
import type { SiteFacts } from './site-facts'
import { positionOf } from '../syntax/syntax'
import type { Finding } from '../paths/typestate-model'

export function witnessStep(node: ts.Node, note: string): WitnessStep {
  return { ...positionOf(node), note }
}

/** The same for a place in any file of the package; `file` is absolute here, and made relative in the report. */
export function stepFor(facts: SiteFacts, node: ts.Node, note: string): WitnessStep {
  const { fileName } = node.getSourceFile()
  const isOwn = fileName === facts.acquire.call.getSourceFile().fileName
  return { ...witnessStep(node, note), ...(isOwn ? {} : { file: fileName }) }
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
          witnessStep(
            finding.thrownAt,
            ts.isYieldExpression(finding.thrownAt)
              ? 'when the caller stops here, or this throws, the function is left with the connection held'
              : 'when this throws, the function is left with the connection held',
          ),
      )
    case 'held-at-return': {
      const last = finding.path.at(-1)
      const isAcquire =
        last !== undefined && last.pos <= facts.acquire.call.pos && facts.acquire.call.end <= last.end
      return witnessOf(
        facts,
        finding.thrownAt && witnessStep(finding.thrownAt, 'when this throws, the exception is caught'),
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
    case 'held-longer':
      return witnessOf(
        facts,
        finding.at && witnessStep(finding.at, 'runs after the release, and would run while it is still held'),
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
