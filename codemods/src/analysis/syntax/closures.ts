import ts from 'typescript'
import type { FunctionLike } from './syntax'
import { enclosingFunction, methodOf, outermost, walk } from './syntax'

/** Methods that call their function before they return. */
const immediate: ReadonlySet<string> = new Set([
  'map',
  'forEach',
  'filter',
  'reduce',
  'reduceRight',
  'some',
  'every',
  'find',
  'findIndex',
  'findLast',
  'flatMap',
  'sort',
  'replace',
  'from',
])

/**
 * Whether a function that uses the connection may run after the scope that it was written in. It may not when it is called on the
 * spot, or handed to a call whose result is awaited; anything else is assumed to keep it.
 */
export function closureOutlives(closure: FunctionLike, checker: ts.TypeChecker): boolean {
  if (ts.isFunctionDeclaration(closure))
    return closure.name === undefined || !isOnlyCalled(closure.name, closure, checker)
  if (!ts.isArrowFunction(closure) && !ts.isFunctionExpression(closure))
    return !isAwaited(literalAround(closure))
  const value = outermost(closure)
  const { parent } = value
  if (ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name))
    return !isOnlyCalled(parent.name, closure, checker)
  if (ts.isCallExpression(parent) && parent.expression === value)
    return isAsync(closure) && !isAwaited(parent)
  if (ts.isCallExpression(parent)) {
    const isImmediate = immediate.has(methodOf(parent)?.method ?? '') && !isAsync(closure)
    return !isImmediate && !isAwaited(parent)
  }
  if (ts.isNewExpression(parent)) return !isAwaited(parent)
  if (ts.isPropertyAssignment(parent)) return !isAwaited(literalAround(closure))
  return true
}

/** A named function whose every mention is a call that is waited for. */
function isOnlyCalled(name: ts.Identifier, closure: FunctionLike, checker: ts.TypeChecker): boolean {
  const symbol = checker.getSymbolAtLocation(name)
  let isFine = symbol !== undefined
  walk(enclosingFunction(closure), (node) => {
    if (!isFine || !ts.isIdentifier(node) || node === name || node.text !== name.text) return undefined
    if (checker.getSymbolAtLocation(node) !== symbol) return undefined
    const { parent } = node
    if (ts.isCallExpression(parent) && parent.expression === node)
      isFine = !isAsync(closure) || isAwaited(parent)
    else
      isFine =
        ts.isCallExpression(parent) &&
        (isAwaited(parent) || (immediate.has(methodOf(parent)?.method ?? '') && !isAsync(closure)))
    return undefined
  })
  return isFine
}

function isAsync(closure: FunctionLike): boolean {
  return closure.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.AsyncKeyword) === true
}

/** The object literal that a method or a function-valued property belongs to. */
function literalAround(closure: FunctionLike): ts.Node {
  const literal = ts.findAncestor(closure, ts.isObjectLiteralExpression)
  return literal ?? closure
}

/** Whether the value flows, through arguments, arrays and chains alone, into an `await` of the same function. */
export function isAwaited(node: ts.Node): boolean {
  for (let current = node; ; current = current.parent) {
    const { parent } = current
    if (ts.isAwaitExpression(parent)) return true
    const flows =
      ts.isParenthesizedExpression(parent) ||
      ts.isArrayLiteralExpression(parent) ||
      ts.isObjectLiteralExpression(parent) ||
      ts.isPropertyAssignment(parent) ||
      ts.isCallExpression(parent) ||
      ts.isNewExpression(parent) ||
      ts.isSpreadElement(parent) ||
      ts.isAsExpression(parent) ||
      (ts.isArrowFunction(parent) && parent.body === current) ||
      (ts.isPropertyAccessExpression(parent) && parent.expression === current)
    if (!flows) return false
  }
}
