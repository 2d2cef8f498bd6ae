import ts from 'typescript'
import type { ReasonCode } from '../../model/site'
import { findUses, type ConnectionUse } from '../connection/connection-uses'
import { isWithin } from '../connection/bracket'
import { commentsBetween } from '../syntax/comments'
import { isOwnApi } from '../connection/own-api'
import type { Judgement } from './judgement'
import { receiverEffect, receiverEffectNote } from '../connection/receiver-effect'
import { releasePointOf } from '../connection/release-points'
import type { SiteFacts } from '../calls/site-facts'
import { isFunctionWithBody, outermost, receiverText, unwrapExpression } from '../syntax/syntax'
import type { ReleasingChain } from '../connection/releasing-chain'
import { witnessOf, witnessStep } from '../calls/witness'

/**
 * Promise chains. One form is `withConnection` in other words: the work's promise, and a release when it settles. The chain loses the connection
 * when the work throws before it gives its promise; the scope does not, and a label says so.
 */
export function judgeChain(facts: SiteFacts, checker: ts.TypeChecker): Judgement {
  const { acquire } = facts
  const manual = (reason: ReasonCode, node: ts.Node, note: string): Judgement => ({
    verdict: 'manual',
    shape: 'chained',
    reason,
    witness: witnessOf(facts, witnessStep(node, note)),
  })
  const chain = chainOf(acquire.call)
  if (chain === undefined || acquire.kind !== 'acquire')
    return { verdict: 'manual', shape: 'chained', reason: 'promise-chain', witness: witnessOf(facts) }
  if (acquire.call.arguments.length > 0)
    return manual('unsupported-arguments', acquire.call, 'taken with something the service is not told')
  if (ts.isOptionalChain(acquire.call))
    return manual('conditional-acquire', acquire.call, 'nothing is taken when the receiver is missing')
  if (isOwnApi(acquire))
    return manual(
      'unsupported-shape',
      acquire.call,
      'inside the class that offers the API: its implementation, not its user',
    )
  const effect = receiverEffect(acquire.receiver, checker)
  if (effect !== undefined) return manual('receiver-effect', effect, receiverEffectNote)
  const [parameter] = chain.callback.parameters
  if (parameter === undefined || !ts.isIdentifier(parameter.name))
    return manual('promise-chain', chain.callback, 'its connection has no name')
  const uses = findUses(parameter.name, chain.callback, {
    checker,
    dialect: acquire.dialect,
    receiver: receiverText(acquire.receiver),
  })
  const obstacle = uses.find((use) => !isAllowed(use, chain))
  if (obstacle !== undefined)
    return manual('promise-chain', obstacle.node, 'more is done with it than to work and to give it back')
  const release = uses.find((use) => use.kind === 'release')
  if (release?.kind !== 'release' || !isReleaseOf(release, chain))
    return manual('promise-chain', chain.released, 'what is done in the end is not the release alone')
  const { callback, released, work } = chain
  const lost = [
    [acquire.call.end, callback.getStart()],
    [work.end, released.end],
  ] as const
  const sourceFile = acquire.call.getSourceFile()
  if (lost.some(([start, end]) => commentsBetween(sourceFile, start, end).length > 0))
    return manual('comments', chain.released, 'a comment in what goes away would be lost')
  return {
    verdict: 'rewritable',
    shape: 'chained',
    plan: { kind: 'chain', chain },
    labels: ['closes-leak-window'],
  }
}

function chainOf(acquire: ts.CallExpression): ReleasingChain | undefined {
  const called = outermost(acquire)
  const access = called.parent
  if (!ts.isPropertyAccessExpression(access) || access.name.text !== 'then') return undefined
  const then = access.parent
  if (!ts.isCallExpression(then) || then.expression !== access || then.arguments.length !== 1)
    return undefined
  const [given] = then.arguments
  const callback = given && unwrapExpression(given)
  if (callback === undefined || !ts.isArrowFunction(callback) || callback.parameters.length !== 1)
    return undefined
  const value = bodyOf(callback)
  const released = value && unwrapExpression(value)
  if (released === undefined || !ts.isCallExpression(released) || released.arguments.length !== 1)
    return undefined
  const end = released.expression
  if (!ts.isPropertyAccessExpression(end) || end.name.text !== 'finally' || ts.isOptionalChain(end))
    return undefined
  return { acquire, callback, released, work: end.expression }
}

/** What an arrow function gives: its expression, or the only statement's. */
function bodyOf({ body }: ts.ArrowFunction): ts.Expression | undefined {
  if (!ts.isBlock(body)) return body
  const [only] = body.statements
  return only !== undefined && body.statements.length === 1 && ts.isReturnStatement(only)
    ? only.expression
    : undefined
}

/** Lent to the work; given back at its end, once. */
function isAllowed(use: ConnectionUse, { work, released }: ReleasingChain): boolean {
  if (use.kind === 'release') return isWithin(use.node, released.arguments[0])
  if (use.kind === 'escape' || use.kind === 'write' || use.kind === 'open') return false
  return isWithin(use.node, work)
}

/** `() => release(c)` and nothing else. */
function isReleaseOf(
  release: Extract<ConnectionUse, { kind: 'release' }>,
  { released }: ReleasingChain,
): boolean {
  const [last] = released.arguments
  const ending = last && unwrapExpression(last)
  if (ending === undefined || !isFunctionWithBody(ending) || releasePointOf(release).told.kind !== 'nothing')
    return false
  const { body } = ending
  if (ending.parameters.length > 0) return false
  const statement = ts.isBlock(body) ? body.statements[0] : undefined
  if (
    ts.isBlock(body) &&
    (body.statements.length !== 1 || statement === undefined || !ts.isExpressionStatement(statement))
  )
    return false
  let value = unwrapExpression(ts.isBlock(body) ? (statement as ts.ExpressionStatement).expression : body)
  if (ts.isAwaitExpression(value) || ts.isVoidExpression(value)) value = unwrapExpression(value.expression)
  return value === release.call
}
