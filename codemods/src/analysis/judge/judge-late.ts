import ts from 'typescript'
import type { ReasonCode } from '../../model/site'
import { releasesOfNothing, swapOf } from '../forms/call-swap'
import { findLateScope, isBound, ownDeclaration, startsEmpty } from '../forms/late-acquire'
import type { Judgement } from './judgement'
import { findOwnedChoice } from '../forms/owned-choice'
import { receiverEffect, receiverEffectNote } from '../connection/receiver-effect'
import { shapeOf } from './shape'
import type { SiteFacts } from '../calls/site-facts'
import { outermost } from '../syntax/syntax'
import { witnessOf, witnessStep } from '../calls/witness'

/**
 * Connections that an assignment takes, or a choice between a given one and one's own. Asked after ownership and paths: whoever gets here
 * gives the connection back once on every path, and nobody else has it. The calls can then always change places with those of the service;
 * a scope needs more, and where it is not proved the calls change in every style: the connection still comes from the service.
 */
export function judgeLate(facts: SiteFacts, checker: ts.TypeChecker): Judgement | undefined {
  const { binding, acquire } = facts
  if (!isBound(binding) || (binding.kind === 'declared' && !binding.isOwnedChoice)) return undefined
  const refused = lateObstacle(facts, checker)
  if (refused !== undefined) return refused
  const answer = swapOf(facts)
  if ('obstacle' in answer) {
    const { reason, node, note } = answer.obstacle
    return manual(facts, reason, node, note)
  }
  const taking = outermost(acquire.call).parent
  const declaration = ownDeclaration(binding.name, checker)
  const isPlain = !binding.isOwnedChoice && declaration !== undefined && startsEmpty(declaration)
  const isAlwaysTaken = releasesOfNothing(facts).size === 0
  const scope =
    isPlain && isAlwaysTaken && ts.isAwaitExpression(taking)
      ? findLateScope(facts, declaration, taking, checker)
      : undefined
  return {
    verdict: 'rewritable',
    shape: shapeOf(facts),
    plan: { kind: 'late', swap: answer.swap, ...(scope === undefined ? {} : { scope }) },
  }
}

/**
 * The choice that can become a scope. Asked before the paths: what throws between acquire and try lost the connection in the old code, and
 * the scope closes that window, as it does in a plain bracket.
 */
export function judgeChoice(facts: SiteFacts, checker: ts.TypeChecker): Judgement | undefined {
  const { binding, acquire, findings } = facts
  const taking = outermost(acquire.call).parent
  if (!isBound(binding) || !ts.isAwaitExpression(taking)) return undefined
  if (facts.uses.some((use) => use.kind === 'open')) return undefined
  const leaks = findings.filter((finding) => finding.kind === 'held-at-throw')
  if (leaks.length < findings.length || lateObstacle(facts, checker) !== undefined) return undefined
  const choice = findOwnedChoice(facts, taking, checker)
  const answer = choice === undefined ? undefined : swapOf(facts)
  if (choice === undefined || answer === undefined || 'obstacle' in answer) return undefined
  return {
    verdict: 'rewritable',
    shape: 'owned-conditional',
    plan: { kind: 'choice', swap: answer.swap, choice },
    ...(leaks.length > 0 ? { labels: ['closes-leak-window'] as const } : {}),
  }
}

/** What speaks against any rewrite of it. */
function lateObstacle(facts: SiteFacts, checker: ts.TypeChecker): Judgement | undefined {
  const { binding, acquire } = facts
  if (!isBound(binding)) return undefined
  const effect = receiverEffect(acquire.receiver, checker)
  if (effect !== undefined) return manual(facts, 'receiver-effect', effect, receiverEffectNote)
  const variable = checker.getSymbolAtLocation(binding.name)?.valueDeclaration
  const isOwn =
    ownDeclaration(binding.name, checker) !== undefined ||
    (variable !== undefined && ts.isParameter(variable) && variable.parent === facts.scope)
  if (!isOwn)
    return manual(
      facts,
      'escapes-to-closure',
      binding.name,
      'a variable of another function or of the module keeps it',
    )
  const again = facts.uses.find((use) => use.kind === 'write' && use.node !== binding.name && !use.isNull)
  if (again !== undefined && !binding.isOwnedChoice && !isCopyOfGiven(again.node))
    return manual(facts, 'reassigned', again.node, 'the variable gets another value here')
  return undefined
}

/** `if (given) c = given; else c = await acquire()`: the other way of a choice. */
function isCopyOfGiven(name: ts.Identifier): boolean {
  const { parent } = name
  return ts.isBinaryExpression(parent) && parent.left === name && ts.isIdentifier(parent.right)
}

function manual(facts: SiteFacts, reason: ReasonCode, node: ts.Node, note: string): Judgement {
  return {
    verdict: 'manual',
    shape: shapeOf(facts),
    reason,
    witness: witnessOf(facts, witnessStep(node, note)),
  }
}
