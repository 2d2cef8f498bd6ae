import ts from 'typescript'
import type { ReasonCode } from '../../model/site'
import { CallbackDuties } from './callback-duty'
import { hasComment } from '../syntax/comments'
import type { Judgement } from './judgement'
import { receiverEffect, receiverEffectNote } from '../connection/receiver-effect'
import type { SiteFacts } from '../calls/site-facts'
import { isFunctionWithBody, isOwnReceiver, unwrapExpression, type FunctionLike } from '../syntax/syntax'
import { witnessOf, witnessStep } from '../calls/witness'

/**
 * `pool.connect((error, client, done) => …)`. What it becomes is `connections.pgPool('purpose').connect(…)` with every byte of the callback
 * kept: the pool's face of the same service. A promise form was weighed (`acquireConnection().then(…)`) and is not equal: an exception in the
 * callback would become a rejection instead of an uncaught exception, the error branch would have to be told apart from the rest, and
 * whatever runs before the first tick would change its place. With the face the diff is one expression, order and errors are the old
 * ones, and the connection comes from the service all the same.
 *
 * It is done where every path gives the connection back once; what cannot be seen through stays for a person.
 */
export function judgeCallback(facts: SiteFacts, checker: ts.TypeChecker): Judgement {
  const { acquire } = facts
  const refuse = (reason: ReasonCode, node: ts.Node, note: string): Judgement => ({
    verdict: 'manual',
    shape: 'callback',
    reason,
    witness: witnessOf(facts, witnessStep(node, note)),
  })
  const { call } = acquire
  const index = acquire.kind === 'acquire' ? (acquire.rule.callbackArgument ?? 0) : 0
  const callback = call.arguments[index] && unwrapExpression(call.arguments[index])
  if (callback === undefined || !isFunctionWithBody(callback))
    return refuse('callback-style', callback ?? call, 'the callback is written elsewhere')
  if (index !== 0 || call.arguments.length !== 1)
    return refuse('unsupported-arguments', call, 'only the callback is understood')
  if (ts.isOptionalChain(call))
    return refuse('conditional-acquire', call, 'nothing is taken when the receiver is missing')
  if (isOwnReceiver(acquire.receiver))
    return refuse(
      'unsupported-shape',
      call,
      'inside the class that offers the API: its implementation, not its user',
    )
  if (hasComment(call, call.expression.end))
    return refuse('comments', call, 'a comment before the method would be lost')
  const effect = receiverEffect(acquire.receiver, checker)
  if (effect !== undefined) return refuse('receiver-effect', effect, receiverEffectNote)
  return judgeDuty(facts, callback, checker)
}

function judgeDuty(facts: SiteFacts, callback: FunctionLike, checker: ts.TypeChecker): Judgement {
  const manual = (reason: ReasonCode, node: ts.Node, note: string): Judgement => ({
    verdict: 'manual',
    shape: 'callback',
    reason,
    witness: witnessOf(facts, witnessStep(node, note)),
  })
  const pattern = callback.parameters.find(({ name }) => !ts.isIdentifier(name))
  if (pattern !== undefined) return manual('pattern-binding', pattern, 'taken apart here')
  const [error, client, done] = callback.parameters.map(({ name }) => checker.getSymbolAtLocation(name))
  const releaseMethods = new Set(
    facts.acquire.dialect.release.flatMap((rule) => (rule.on === 'connection' ? [rule.method] : [])),
  )
  const names = {
    ...(error === undefined ? {} : { error }),
    ...(client === undefined ? {} : { client }),
    ...(done === undefined ? {} : { done }),
    releaseMethods,
  }
  const duty = new CallbackDuties(names, checker).of(callback, true)
  switch (duty.kind) {
    case 'once':
      return { verdict: 'rewritable', shape: 'callback', plan: { kind: 'pool-face', acquire: facts.acquire } }
    case 'none':
      return { verdict: 'leak', shape: 'callback', reason: 'never-released', witness: witnessOf(facts) }
    case 'unclear':
      return manual('callback-style', duty.node, duty.note)
    case 'wrong': {
      const { kind, at, path } = duty.finding
      const where = at ?? path.at(-1) ?? callback
      if (kind === 'held-at-return')
        return {
          verdict: 'leak',
          shape: 'callback',
          reason: 'leaks-on-path',
          witness: witnessOf(
            facts,
            witnessStep(where, 'the callback is left behind this without giving it back'),
          ),
        }
      if (kind === 'double-release')
        return manual('double-release', where, 'given back here although a path has done so before')
      if (kind === 'use-after-release')
        return manual('use-after-release', where, 'used here although a path has given it back before')
      return manual('callback-style', where, 'its paths are too many to follow')
    }
  }
}
