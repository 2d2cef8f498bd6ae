import ts from 'typescript'
import type { ReasonCode } from '../../model/site'
import type { AcquireCall } from '../connection/acquire-call'
import { isAwaited } from '../syntax/closures'
import { hasComment } from '../syntax/comments'
import type { Judgement } from './judgement'
import { receiverEffect, receiverEffectNote } from '../connection/receiver-effect'
import {
  enclosingFunction,
  isAssignmentOperator,
  isFunctionWithBody,
  isOwnReceiver,
  outermost,
  unwrapExpression,
  walk,
} from '../syntax/syntax'
import { witnessStep } from '../calls/witness'

/**
 * Context-manager calls. The callback is the block already, so its equal on the service is the same call with another receiver:
 * `connections.withConnection('purpose', callback)`. That is the simplest thing that can be proved in every style: `this`,
 * completions, the returned value and the time of the release all stay what they are, and the diff is one line.
 */
export function judgeScoped(acquire: AcquireCall, checker: ts.TypeChecker): Judgement {
  const refuse = (reason: ReasonCode, node: ts.Node, note: string): Judgement => ({
    verdict: 'manual',
    shape: 'scoped',
    reason,
    witness: [witnessStep(acquire.call, 'the scope begins here'), witnessStep(node, note)],
  })
  const { call } = acquire
  const index = acquire.kind === 'scoped' ? acquire.rule.callbackArgument : 0
  const callback = call.arguments[index]
  if (callback === undefined || call.arguments.length !== 1 || index !== 0) {
    return refuse('unsupported-arguments', call, 'only the callback is understood')
  }
  if (ts.isSpreadElement(callback))
    return refuse('unsupported-arguments', callback, 'the arguments are not known')
  if (ts.isOptionalChain(call))
    return refuse('conditional-acquire', call, 'nothing is done when the receiver is missing')
  if (hasComment(call, call.expression.end))
    return refuse('comments', call, 'a comment before the method would be lost')
  if (isOwnReceiver(acquire.receiver))
    return refuse(
      'unsupported-shape',
      acquire.receiver,
      'inside the class that offers the API: its implementation, not its user',
    )
  const effect = receiverEffect(acquire.receiver, checker)
  if (effect !== undefined) return refuse('receiver-effect', effect, receiverEffectNote)
  if (isDropped(call, checker))
    return refuse('not-awaited', call, 'its promise is neither awaited nor returned')
  const parameter = callbackParameter(callback, checker)
  if (parameter === 'none')
    return refuse('no-binding', callback, 'the callback takes no connection: it may rely on an ambient one')
  if (parameter === 'pattern')
    return refuse('pattern-binding', callback, 'the connection is taken apart here')
  const foreign = acquire.dialect.receiver.members?.length === 1 ? foreignUse(callback, checker) : undefined
  if (foreign !== undefined)
    return refuse('unsupported-shape', foreign, 'nothing here shows that this is a connection to PostgreSQL')
  return { verdict: 'rewritable', shape: 'scoped', plan: { kind: 'scoped', acquire } }
}

/** What connections to PostgreSQL are asked, by whatever driver. */
const ownMembers: ReadonlySet<string> = new Set([
  'query',
  'execute',
  'release',
  'close',
  'discard',
  'on',
  'once',
  'escapeIdentifier',
  'escapeLiteral',
])

/**
 * A use of the callback's connection when all of them are members that none of PostgreSQL has. One method is little to know a receiver
 * by: pools of brokers and caches have a `withConnection` too.
 */
function foreignUse(callback: ts.Expression, checker: ts.TypeChecker): ts.Node | undefined {
  const bare = unwrapExpression(callback)
  const name = isFunctionWithBody(bare) ? bare.parameters[0]?.name : undefined
  if (name === undefined || !ts.isIdentifier(name)) return undefined
  const symbol = checker.getSymbolAtLocation(name)
  const mentions: ts.Identifier[] = []
  walk(bare, (node) => {
    if (!ts.isIdentifier(node) || node === name || node.text !== name.text) return undefined
    if (checker.getSymbolAtLocation(node) === symbol) mentions.push(node)
    return undefined
  })
  const isForeign = ({ parent }: ts.Identifier): boolean =>
    ts.isPropertyAccessExpression(parent) && !ownMembers.has(parent.name.text)
  return mentions.every(isForeign) ? mentions[0] : undefined
}

/** A promise that nobody waits for: a bare statement, `void`, a chain that ends in one, a variable that is never awaited. */
function isDropped(call: ts.CallExpression, checker: ts.TypeChecker): boolean {
  let value: ts.Expression = outermost(call)
  for (;;) {
    const { parent } = value
    if (ts.isPropertyAccessExpression(parent) && ts.isCallExpression(parent.parent))
      value = outermost(parent.parent)
    else if (isPassedOn(parent, value)) value = outermost(parent)
    else if (ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name))
      return !isWaitedFor(parent.name, checker)
    else return ts.isExpressionStatement(parent) || ts.isVoidExpression(parent)
  }
}

function isPassedOn(parent: ts.Node, value: ts.Expression): parent is ts.Expression {
  if (ts.isConditionalExpression(parent)) return true
  return (
    ts.isBinaryExpression(parent) &&
    parent.right === value &&
    !isAssignmentOperator(parent.operatorToken.kind)
  )
}

function isWaitedFor(name: ts.Identifier, checker: ts.TypeChecker): boolean {
  const symbol = checker.getSymbolAtLocation(name)
  let isWaited = false
  walk(enclosingFunction(name), (node) => {
    if (
      !ts.isIdentifier(node) ||
      node === name ||
      node.text !== name.text ||
      checker.getSymbolAtLocation(node) !== symbol
    )
      return undefined
    if (isAwaited(node) || ts.findAncestor(node, ts.isReturnStatement) !== undefined) isWaited = true
    return undefined
  })
  return isWaited
}

function callbackParameter(callback: ts.Expression, checker: ts.TypeChecker): 'named' | 'pattern' | 'none' {
  const bare = unwrapExpression(callback)
  const declaration = ts.isIdentifier(bare) ? checker.getSymbolAtLocation(bare)?.declarations?.[0] : undefined
  const initializer =
    declaration !== undefined && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined
  const written = [bare, declaration, initializer].find((one) => one !== undefined && isFunctionWithBody(one))
  if (written === undefined || !isFunctionWithBody(written)) return 'named'
  const [parameter] = written.parameters
  if (parameter === undefined) return 'none'
  return ts.isIdentifier(parameter.name) ? 'named' : 'pattern'
}
