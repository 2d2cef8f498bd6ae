import ts from 'typescript'
import type { ReasonCode, WitnessStep } from '../../model/site'
import { CallbackDuties, type Duty } from './callback-duty'
import { leaveOf } from './callback-leave'
import { functionNamed } from './function-named'
import { hasComment } from '../syntax/comments'
import type { Judgement } from './judgement'
import type { Leave } from './leave'
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
 * It is done where every path gives the connection back once; what cannot be seen through stays for a person, who is told where the
 * connection goes if it leaves the callback.
 */
export function judgeCallback(facts: SiteFacts, checker: ts.TypeChecker): Judgement {
  const { acquire } = facts
  const { call } = acquire
  const index = acquire.kind === 'acquire' ? (acquire.rule.callbackArgument ?? 0) : 0
  const given = call.arguments[index] && unwrapExpression(call.arguments[index])
  const written = given !== undefined && isFunctionWithBody(given) ? given : undefined
  const seen = written ?? callbackElsewhere(call, index, checker)
  const duty = seen && dutyOf(facts, seen, checker)
  const leave = seen && duty && leaveBeside(facts, seen, duty, checker)
  const refuse = (reason: ReasonCode, node: ts.Node, note: string): Judgement =>
    manual(facts, leave, reason, witnessStep(node, note))
  if (written === undefined || duty === undefined)
    return leave === undefined
      ? refuse('callback-style', given ?? call, 'the callback is written elsewhere')
      : leaving(facts, leave)
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
  if (leave === undefined && hasComment(call, call.expression.end))
    return refuse('comments', call, 'a comment before the method would be lost')
  const effect = receiverEffect(acquire.receiver, checker)
  if (effect !== undefined) return refuse('receiver-effect', effect, receiverEffectNote)
  const pattern = patternOf(written)
  if (pattern !== undefined) return refuse('pattern-binding', pattern, 'taken apart here')
  return leave === undefined ? judgeDuty(facts, written, duty) : leaving(facts, leave)
}

function dutyOf(
  { acquire }: SiteFacts,
  callback: FunctionLike,
  checker: ts.TypeChecker,
  borrowing: { readonly lends?: true } = {},
): Duty {
  const [error, client, done] = callback.parameters.map(({ name }) => checker.getSymbolAtLocation(name))
  const releaseMethods = new Set(
    acquire.dialect.release.flatMap((rule) => (rule.on === 'connection' ? [rule.method] : [])),
  )
  const names = {
    ...(error === undefined ? {} : { error }),
    ...(client === undefined ? {} : { client }),
    ...(done === undefined ? {} : { done }),
    releaseMethods,
    ...borrowing,
  }
  return new CallbackDuties(names, checker).of(callback, true)
}

/** Where it leaves the callback. A callback that gives it back itself, on every path, may lend it. */
function leaveBeside(
  facts: SiteFacts,
  callback: FunctionLike,
  duty: Duty,
  checker: ts.TypeChecker,
): Leave | undefined {
  if (duty.kind === 'once') return undefined
  const leave = leaveOf(callback, facts.acquire.dialect, checker)
  const isBack = (): boolean => dutyOf(facts, callback, checker, { lends: true }).kind === 'once'
  return leave?.isLent === true && isBack() ? undefined : leave
}

function judgeDuty(facts: SiteFacts, callback: FunctionLike, duty: Duty): Judgement {
  const told = (reason: ReasonCode, node: ts.Node, note: string): Judgement =>
    manual(facts, undefined, reason, witnessStep(node, note))
  switch (duty.kind) {
    case 'once':
      return { verdict: 'rewritable', shape: 'callback', plan: { kind: 'pool-face', acquire: facts.acquire } }
    case 'none': {
      const rest = callback.parameters.find(({ dotDotDotToken }) => dotDotDotToken !== undefined)
      if (rest !== undefined) return told('pattern-binding', rest, 'all arguments have one name here')
      return { verdict: 'leak', shape: 'callback', reason: 'never-released', witness: witnessOf(facts) }
    }
    case 'unclear':
      return told('callback-style', duty.node, duty.note)
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
        return told('double-release', where, 'given back here although a path has done so before')
      if (kind === 'use-after-release')
        return told('use-after-release', where, 'used here although a path has given it back before')
      return told('callback-style', where, 'its paths are too many to follow')
    }
  }
}

function patternOf({ parameters }: FunctionLike): ts.ParameterDeclaration | undefined {
  return parameters.find(({ name }) => !ts.isIdentifier(name))
}

/** `pool.connect(listen)`: what the name stands for in this file. `cluster.getConnection('MASTER', (error, client) => …)` */
function callbackElsewhere(
  call: ts.CallExpression,
  index: number,
  checker: ts.TypeChecker,
): FunctionLike | undefined {
  const given = call.arguments[index]
  const named = given && functionNamed(given, checker)
  return named ?? call.arguments.map(unwrapExpression).find((one) => isFunctionWithBody(one))
}

function leaving(facts: SiteFacts, leave: Leave): Judgement {
  return {
    verdict: 'manual',
    shape: 'crosses-function',
    reason: leave.reason,
    witness: witnessOf(facts, stepOf(leave)),
  }
}

/** What stands against a rewrite before anything else; where the connection goes is told all the same. */
function manual(
  facts: SiteFacts,
  leave: Leave | undefined,
  reason: ReasonCode,
  step: WitnessStep,
): Judgement {
  return {
    verdict: 'manual',
    shape: leave === undefined ? 'callback' : 'crosses-function',
    reason,
    witness: witnessOf(facts, step, leave && stepOf(leave)),
  }
}

function stepOf({ node, note }: Leave): WitnessStep {
  return witnessStep(node, note)
}
