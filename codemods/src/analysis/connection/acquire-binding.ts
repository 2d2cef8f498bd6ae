import ts from 'typescript'
import type { ReasonCode } from '../../model/site'
import type { AcquireCall } from './acquire-call'
import {
  enclosingFunction,
  isAssignmentOperator,
  isDrivenYield,
  outermost,
  unwrapExpression,
  walk,
} from '../syntax/syntax'

/** Where the acquired connection goes first. */
export type AcquireBinding =
  /** `const c = await acquire()`; `owned` when it is one way of a choice (`given ?? await acquire()`). */
  | {
      readonly kind: 'declared'
      readonly declaration: ts.VariableDeclaration
      readonly name: ts.Identifier
      readonly isOwnedChoice: boolean
    }
  /** `c = await acquire()` */
  | { readonly kind: 'assigned'; readonly name: ts.Identifier; readonly isOwnedChoice: boolean }
  /** No variable of its own: why it cannot be followed. */
  | { readonly kind: 'unbound'; readonly reason: ReasonCode; readonly node: ts.Node; readonly note?: string }
  /** `acquire((error, client, done) => …)` */
  | { readonly kind: 'callback' }
  /** `acquire().then(…)`, or a promise that is kept. */
  | { readonly kind: 'chained' }
  /** Taken and dropped. */
  | { readonly kind: 'discarded' }

export function bindingOf(acquire: AcquireCall): AcquireBinding {
  if (acquire.kind === 'acquire' && acquire.rule.callbackArgument !== undefined) {
    const callback = acquire.call.arguments[acquire.rule.callbackArgument]
    if (callback !== undefined) return { kind: 'callback' }
  }
  const called = outermost(acquire.call)
  const isHandle =
    acquire.kind === 'acquire' && (acquire.rule.isSync === true || isOpenedLater(called, acquire.rule.open))
  if (isHandle && !ts.isAwaitExpression(called.parent)) return bindingOfValue(called, false)
  if (ts.isAwaitExpression(called.parent)) return bindingOfValue(outermost(called.parent), false)
  if (isDrivenYield(called.parent))
    return {
      kind: 'unbound',
      reason: 'unsupported-shape',
      node: called.parent,
      note: 'yielded to the function that drives this generator: it would have to be an async function',
    }
  if (ts.isReturnStatement(called.parent) || isArrowBody(called))
    return { kind: 'unbound', reason: 'escapes-to-return', node: called.parent }
  if (ts.isExpressionStatement(called.parent)) return { kind: 'discarded' }
  return { kind: 'chained' }
}

function bindingOfValue(value: ts.Expression, isOwnedChoice: boolean): AcquireBinding {
  const { parent } = value
  if (ts.isVariableDeclaration(parent)) {
    return ts.isIdentifier(parent.name)
      ? { kind: 'declared', declaration: parent, name: parent.name, isOwnedChoice }
      : { kind: 'unbound', reason: 'pattern-binding', node: parent.name }
  }
  if (isChoice(parent)) return bindingOfValue(outermost(parent), true)
  if (
    ts.isBinaryExpression(parent) &&
    parent.right === value &&
    isAssignmentOperator(parent.operatorToken.kind)
  ) {
    const target = unwrapExpression(parent.left)
    const choice = isOwnedChoice || parent.operatorToken.kind !== ts.SyntaxKind.EqualsToken
    if (ts.isIdentifier(target)) return { kind: 'assigned', name: target, isOwnedChoice: choice }
    if (ts.isPropertyAccessExpression(target))
      return { kind: 'unbound', reason: 'escapes-to-field', node: parent }
    if (ts.isElementAccessExpression(target))
      return { kind: 'unbound', reason: 'escapes-to-container', node: parent }
    return { kind: 'unbound', reason: 'pattern-binding', node: parent }
  }
  if (ts.isReturnStatement(parent) || isArrowBody(value) || ts.isYieldExpression(parent)) {
    return { kind: 'unbound', reason: 'escapes-to-return', node: parent }
  }
  if (ts.isExpressionStatement(parent)) return { kind: 'discarded' }
  if (ts.isPropertyAssignment(parent) || ts.isArrayLiteralExpression(parent))
    return { kind: 'unbound', reason: 'escapes-to-container', node: parent }
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent))
    return { kind: 'unbound', reason: 'escapes-to-callee', node: parent }
  return { kind: 'unbound', reason: 'no-binding', node: parent }
}

/** `const c = infra.getDbConnection()`, and `c.open()` further down: the handle itself, and no promise of one. */
function isOpenedLater(called: ts.Expression, open: string | undefined): boolean {
  const { parent } = called
  if (open === undefined || !ts.isVariableDeclaration(parent) || !ts.isIdentifier(parent.name)) return false
  const { text } = parent.name
  let isOpened = false
  walk(enclosingFunction(called), (node) => {
    if (ts.isPropertyAccessExpression(node) && node.name.text === open && ts.isIdentifier(node.expression))
      isOpened ||= node.expression.text === text
    return undefined
  })
  return isOpened
}

function isChoice(node: ts.Node): node is ts.Expression {
  if (ts.isConditionalExpression(node)) return true
  return (
    ts.isBinaryExpression(node) &&
    (node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken ||
      node.operatorToken.kind === ts.SyntaxKind.BarBarToken ||
      node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken)
  )
}

function isArrowBody(node: ts.Node): boolean {
  return ts.isArrowFunction(node.parent) && node.parent.body === node
}
