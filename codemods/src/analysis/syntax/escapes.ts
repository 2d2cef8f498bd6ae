import ts from 'typescript'
import type { ReasonCode } from '../../model/site'
import { isFunctionWithBody, methodOf, outermost, unwrapExpression } from './syntax'

/** Methods that put their argument into the collection they belong to. */
export const containerMethods: ReadonlySet<string> = new Set(['push', 'unshift', 'add', 'set', 'enqueue'])

/** What a value's surroundings do with it, when that keeps the connection alive. */
export function escapeOfValue(value: ts.Expression, checker: ts.TypeChecker): ReasonCode | undefined {
  const { parent } = value
  if (ts.isReturnStatement(parent) || ts.isYieldExpression(parent)) return 'escapes-to-return'
  if (ts.isArrowFunction(parent) && parent.body === value) return 'escapes-to-return'
  if (
    ts.isShorthandPropertyAssignment(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isSpreadAssignment(parent)
  )
    return escapeOfLiteral(parent.parent, checker)
  if (ts.isArrayLiteralExpression(parent)) return escapeOfLiteral(parent, checker)
  if (ts.isPropertyDeclaration(parent)) return 'escapes-to-field'
  if (ts.isConditionalExpression(parent) || ts.isBinaryExpression(parent)) return 'unsupported-shape'
  if (ts.isAwaitExpression(parent)) return escapeOfValue(outermost(parent), checker)
  return undefined
}

/** An object or array that holds the connection: as an argument it is lent, anywhere else it is kept. */
function escapeOfLiteral(literal: ts.Expression, checker: ts.TypeChecker): ReasonCode | undefined {
  const value = outermost(literal)
  const { parent } = value
  if ((ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression !== value) {
    const named = ts.isCallExpression(parent) ? methodOf(parent) : undefined
    return named !== undefined && containerMethods.has(named.method) ? 'escapes-to-container' : undefined
  }
  if (ts.isBinaryExpression(parent) && parent.right === value) return escapeByAssignment(parent.left, checker)
  if (ts.isPropertyAssignment(parent)) return escapeOfLiteral(parent.parent, checker)
  if (ts.isArrayLiteralExpression(parent)) return escapeOfLiteral(parent, checker)
  return escapeOfValue(value, checker) ?? 'escapes-to-container'
}

/** Whose variable, field or element it is that gets the connection. */
export function escapeByAssignment(left: ts.Expression, checker: ts.TypeChecker): ReasonCode {
  const target = unwrapExpression(left)
  if (ts.isPropertyAccessExpression(target)) return 'escapes-to-field'
  if (ts.isElementAccessExpression(target)) return 'escapes-to-container'
  const declaration = ts.isIdentifier(target)
    ? checker.getSymbolAtLocation(target)?.declarations?.[0]
    : undefined
  if (declaration === undefined) return 'escapes-to-module'
  const home = ts.findAncestor(declaration.parent, (one) => isFunctionWithBody(one) || ts.isSourceFile(one))
  if (home === undefined || ts.isSourceFile(home)) return 'escapes-to-module'
  const user = ts.findAncestor(left.parent, (one) => isFunctionWithBody(one))
  return home === user ? 'unsupported-shape' : 'escapes-to-closure'
}

/** Whether a value stands in an object or array as it is. */
export function isInLiteral(value: ts.Expression): boolean {
  const { parent } = value
  return (
    ts.isShorthandPropertyAssignment(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isSpreadAssignment(parent) ||
    ts.isArrayLiteralExpression(parent)
  )
}
