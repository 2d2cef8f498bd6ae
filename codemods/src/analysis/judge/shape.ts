import ts from 'typescript'
import type { Shape } from '../../model/site'
import { isWithin } from '../connection/bracket'
import type { SiteFacts } from '../calls/site-facts'

/** The label that people know a site by. Computed from what the analysis found; no decision rests on it. */
export function shapeOf(facts: SiteFacts): Shape {
  const { binding, bracket, tryAfter, releases } = facts
  if (facts.acquire.kind === 'scoped' || facts.usingDeclaration !== undefined) return 'scoped'
  switch (binding.kind) {
    case 'callback':
      return 'callback'
    case 'chained':
      return 'chained'
    case 'discarded':
      return 'leaky-linear'
    case 'unbound':
      return binding.reason === 'no-binding' || binding.reason === 'pattern-binding'
        ? 'leaky-other'
        : 'crosses-function'
    default:
  }
  if (facts.uses.some((use) => use.kind === 'escape' && use.reason.startsWith('escapes-')))
    return 'crosses-function'
  if (releases.length === 0 && facts.calls.size > 0) return 'crosses-function'
  if (releases.length > 0 && releases.every(({ isNested }) => isNested)) return 'crosses-function'
  if (binding.isOwnedChoice) return 'owned-conditional'
  if (binding.kind === 'assigned')
    return releases.some((release) => finallyAround(release.call) !== undefined)
      ? 'let-then-try'
      : leakyShape(facts)
  if (bracket !== undefined) {
    if (bracket.gap.length > 0) return 'gap'
    return bracket.tryStatement.catchClause === undefined ? 'try-finally' : 'try-catch-finally'
  }
  if (tryAfter !== undefined) {
    const outside = releases.filter((release) => !isWithin(release.call, tryAfter.tryStatement.finallyBlock))
    return outside.length > 0 ? 'finally-extra' : 'finally-mixed'
  }
  return leakyShape(facts)
}

function leakyShape({ releases, scope }: SiteFacts): Shape {
  const blocks = releases.map((release) => tryPartAround(release.call, scope))
  if (blocks.length === 0 || blocks.every((part) => part === undefined)) return 'leaky-linear'
  if (blocks.every((part) => part === 'try')) return 'leaky-try-only'
  if (blocks.every((part) => part === 'catch')) return 'leaky-catch-only'
  return 'leaky-other'
}

function tryPartAround(node: ts.Node, scope: ts.Node): 'try' | 'catch' | 'finally' | undefined {
  for (let current = node; current !== scope; current = current.parent) {
    if (ts.isCatchClause(current)) return 'catch'
    const { parent } = current
    if (ts.isTryStatement(parent)) return parent.tryBlock === current ? 'try' : 'finally'
  }
  return undefined
}

function finallyAround(node: ts.Node): ts.Node | undefined {
  return ts.findAncestor(
    node,
    (one) =>
      ts.isTryStatement((one.parent as ts.Node | undefined) ?? one) &&
      (one.parent as ts.TryStatement).finallyBlock === one,
  )
}
