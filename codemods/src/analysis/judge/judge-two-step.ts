import ts from 'typescript'
import { bracketObstacle, type Obstacle } from '../scope/bracket-obligations'
import { commentsBetween } from '../syntax/comments'
import { releasesOfNothing } from '../forms/call-swap'
import type { ConnectionUse } from '../connection/connection-uses'
import { findLateScope } from '../forms/late-acquire'
import type { Judgement } from './judgement'
import { isQuietTree } from '../connection/quiet'
import { receiverEffect, receiverEffectNote } from '../connection/receiver-effect'
import { shapeOf } from './shape'
import type { SiteFacts } from '../calls/site-facts'
import { enclosingFunction } from '../syntax/syntax'
import { witnessOf, witnessStep } from '../calls/witness'

type OpenUse = Extract<ConnectionUse, { kind: 'open' }>

/** Whether a handle is opened once, by its own function: then that is where its connection is taken. */
export function isOpenedOnce({ uses, scope }: SiteFacts): boolean {
  const opened = uses.filter((use) => use.kind === 'open')
  return opened.length === 1 && opened.every((use) => enclosingFunction(use.node) === scope)
}

/**
 * Two-step handles: the getter takes nothing, `await c.open()` does. The getter goes away and the acquire stands where the handle was opened; or
 * it takes the getter's place, where nothing that could be noticed happens between the two.
 */
export function judgeTwoStep(facts: SiteFacts, checker: ts.TypeChecker): Judgement | undefined {
  const open = facts.uses.find((use): use is OpenUse => use.kind === 'open')
  if (open === undefined) return undefined
  const { binding, acquire } = facts
  const manual = ({ reason, node, note }: Obstacle): Judgement => ({
    verdict: 'manual',
    shape: shapeOf(facts),
    reason,
    witness: witnessOf(facts, witnessStep(node, note)),
  })
  const stay = (node: ts.Node, note: string): Judgement => manual({ reason: 'two-step-handle', node, note })
  const effect = receiverEffect(acquire.receiver, checker)
  if (effect !== undefined)
    return manual({ reason: 'receiver-effect', node: effect, note: receiverEffectNote })
  const statement = openStatementOf(open)
  if (binding.kind !== 'declared' || binding.isOwnedChoice || statement === undefined)
    return stay(open.node, 'and opened here')
  if (open.call.arguments.length > 0) return stay(open.call, 'opened with something the service is not told')
  const early = facts.uses.find((use) => use.kind === 'write' || use.node.pos < open.node.pos)
  if (early !== undefined) return stay(early.node, 'mentioned before it is opened')
  const bracket = bracketAround(facts, statement)
  if (bracket !== undefined) {
    const obstacle = bracketObstacle(bracket, facts.uses, checker)
    if (obstacle !== undefined) return manual(obstacle)
    const closesLeak = facts.findings.some((finding) => finding.kind === 'held-at-throw')
    return {
      verdict: 'rewritable',
      shape: shapeOf(facts),
      plan: { kind: 'two-step', bracket, open: statement },
      ...(closesLeak ? { labels: ['closes-leak-window'] as const } : {}),
    }
  }
  const { expression } = statement
  const isQuietBefore = releasesOfNothing(facts).size === 0 || facts.releases.every(isPlainRelease)
  const scope = isQuietBefore ? findLateScope(facts, binding.declaration, expression, checker) : undefined
  // A catch clause of the old code would have had the handle that is not open.
  if (scope === undefined || scope.kind === 'hoisted') {
    const clause = facts.uses.find((use) => ts.findAncestor(use.node, ts.isCatchClause) !== undefined)
    return clause === undefined
      ? stay(open.node, 'and opened here')
      : manual({
          reason: 'catch-uses',
          node: clause.node,
          note: 'used here, whether it could be opened or not',
        })
  }
  return { verdict: 'rewritable', shape: shapeOf(facts), plan: { kind: 'opened', scope } }
}

/** Giving back a handle that was never opened gives nothing back. */
function isPlainRelease(release: SiteFacts['releases'][number]): boolean {
  return !release.discards
}

/** `await c.open()` and nothing else. */
function openStatementOf({ call }: OpenUse): ts.ExpressionStatement | undefined {
  const awaited = call.parent
  if (!ts.isAwaitExpression(awaited) || !ts.isExpressionStatement(awaited.parent)) return undefined
  const statement = awaited.parent
  const isPlain = commentsBetween(statement.getSourceFile(), statement.getStart(), statement.end).length === 0
  return isPlain ? statement : undefined
}

/** The bracket, when the handle is opened in its gap or first in its try, and nothing happens between getter and `open()`. */
function bracketAround({ bracket }: SiteFacts, open: ts.ExpressionStatement): SiteFacts['bracket'] {
  if (bracket === undefined) return undefined
  const { gap, tryStatement } = bracket
  const inGap = gap.indexOf(open)
  if (inGap >= 0) return gap.slice(0, inGap).every(isQuietTree) ? bracket : undefined
  const { statements } = tryStatement.tryBlock
  const isFirst = statements[0] === open && statements.length > 1 && tryStatement.catchClause === undefined
  return isFirst && gap.every(isQuietTree) ? bracket : undefined
}
