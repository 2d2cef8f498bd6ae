import ts from 'typescript'
import type { WitnessStep } from '../../model/site'
import { callSlots } from '../connection/call-slots'
import type { CallSummary } from './callee-summary'
import type { ConnectionUse } from '../connection/connection-uses'
import type { SiteFacts } from './site-facts'
import { nameOfFunction } from '../syntax/syntax'
import { stepFor } from './witness'

/** "Passed here", then where the called functions release or keep it, in whatever file. */
export function stepsOfCall(facts: SiteFacts, call: ts.Node, summary: CallSummary): readonly WitnessStep[] {
  const name = summary.callee === undefined ? 'a function' : nameOfFunction(summary.callee)
  const does =
    summary.kind === 'keeps'
      ? 'which keeps it'
      : summary.effect === 'releases'
        ? 'which releases it'
        : 'which may release it'
  const missed = summary.missedWhen
  return [
    stepFor(facts, call, `passed to ${name} here, ${does}`),
    ...summary.trace.map(({ node, note }) => stepFor(facts, node, note)),
    ...(missed === undefined
      ? []
      : [stepFor(facts, missed, `when this throws, ${name} does not release it`)]),
  ]
}

/** What is known of a function to which the connection is handed and which may release it for all that can be seen. */
export function describeHandover(facts: SiteFacts, use: ConnectionUse): readonly WitnessStep[] {
  const [slot] = callSlots(use)
  const summary = slot && facts.calls.get(slot.call)
  if (summary?.callee !== undefined) {
    const name = nameOfFunction(summary.callee)
    return [stepFor(facts, use.node, `handed to ${name} here, ${fateIn(summary)}`)]
  }
  return [
    stepFor(
      facts,
      use.node,
      'handed here to a function whose code is not seen, and not released by this one afterwards',
    ),
  ]
}

function fateIn({ kind, isHandedBack, callee }: CallSummary): string {
  if (kind !== 'uses') return 'and what becomes of it there is not seen'
  if (isHandedBack !== true) return 'which does not release it'
  return callee !== undefined && ts.isConstructorDeclaration(callee)
    ? 'which has it from now on'
    : 'which gives it back in what it returns'
}

/** When moving the release is easy, say so. */
export function helperAdvice(
  facts: SiteFacts,
  releasing: readonly (readonly [ts.Node, CallSummary])[],
): string {
  const isOnce = !facts.findings.some(({ kind }) => kind === 'use-after-release' || kind === 'double-release')
  const isSimple = releasing.every(
    ([, summary]) => summary.endsWithRelease && summary.effect === 'releases' && summary.callee !== undefined,
  )
  if (!isOnce || !isSimple || facts.releases.length > 0) return ''
  const names = [
    ...new Set(releasing.map(([, { callee }]) => (callee === undefined ? '' : nameOfFunction(callee)))),
  ]
  const [only] = names
  return names.length === 1 && only !== undefined
    ? ` ${only} ends with the release and every path calls it once: take that last statement out of it and put it in a finally block here.`
    : ` ${names.join(' and ')} end with the release and every path calls one of them once: take that last statement out of them and put it in a finally block here.`
}
