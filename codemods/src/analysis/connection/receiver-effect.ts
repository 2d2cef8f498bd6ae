import ts from 'typescript'
import { functionRunning, isChosenPool, isVaryingIndex } from './chosen-pool'
import { enclosingFunction, isFunctionWithBody, unwrapExpression, type FunctionLike } from '../syntax/syntax'

const maxDepth = 4

/** What a witness says of it. */
export const receiverEffectNote = 'evaluated to find the pool, and gone after the rewrite'

/**
 * The part of a receiver whose evaluation may do something, may choose between pools, or stands for a pool of the function's own. A rewrite takes the receiver away with the call:
 * `getPool().connect()` is a mere detour only where `getPool` is seen to do nothing but return what is there already.
 */
export function receiverEffect(
  receiver: ts.Expression,
  checker: ts.TypeChecker,
  depth = 0,
): ts.Node | undefined {
  const bare = unwrapExpression(receiver)
  if (depth > maxDepth) return bare
  if (ts.isIdentifier(bare))
    return isMadeHere(bare, checker) || isChosenPool(bare, checker) ? bare : undefined
  if (
    ts.isLiteralExpression(bare) ||
    bare.kind === ts.SyntaxKind.ThisKeyword ||
    bare.kind === ts.SyntaxKind.SuperKeyword
  )
    return undefined
  if (ts.isAwaitExpression(bare)) return receiverEffect(bare.expression, checker, depth)
  if (ts.isPropertyAccessExpression(bare)) {
    const getter = checker.getSymbolAtLocation(bare.name)?.declarations?.find(ts.isGetAccessorDeclaration)
    if (getter !== undefined && !isPlainReturn(getter, checker, depth)) return bare
    return receiverEffect(bare.expression, checker, depth)
  }
  if (ts.isElementAccessExpression(bare)) {
    if (isVaryingIndex(bare.argumentExpression, checker)) return bare
    return (
      receiverEffect(bare.argumentExpression, checker, depth) ??
      receiverEffect(bare.expression, checker, depth)
    )
  }
  if (ts.isCallExpression(bare)) {
    const callee = unwrapExpression(bare.expression)
    const called = calledFunction(callee, checker)
    if (called === undefined || bare.arguments.length > 0 || !isPlainReturn(called, checker, depth))
      return bare
    return receiverEffect(callee, checker, depth)
  }
  return bare
}

/** A pool that the function makes for itself: it was not meant to be everybody's. */
function isMadeHere(name: ts.Identifier, checker: ts.TypeChecker): boolean {
  const declaration = checker.getSymbolAtLocation(name)?.declarations?.[0]
  if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return false
  const { initializer } = declaration
  const home = enclosingFunction(declaration)
  return (
    initializer !== undefined &&
    ts.isNewExpression(unwrapExpression(initializer)) &&
    !ts.isSourceFile(home) &&
    home === functionRunning(name)
  )
}

/** `return this.pool`, and nothing before it. */
function isPlainReturn(called: FunctionLike, checker: ts.TypeChecker, depth: number): boolean {
  const { body } = called
  if (body === undefined || called.parameters.length > 0) return false
  if (!ts.isBlock(body)) return receiverEffect(body, checker, depth + 1) === undefined
  const [only] = body.statements
  return (
    body.statements.length === 1 &&
    only !== undefined &&
    ts.isReturnStatement(only) &&
    only.expression !== undefined &&
    receiverEffect(only.expression, checker, depth + 1) === undefined
  )
}

/** The function that a name or method stands for, as far as it is declared in the package. */
function calledFunction(callee: ts.Expression, checker: ts.TypeChecker): FunctionLike | undefined {
  const name = ts.isPropertyAccessExpression(callee) ? callee.name : callee
  const symbol = checker.getSymbolAtLocation(name)
  if (symbol === undefined) return undefined
  const target = (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol
  const [declaration] = target.declarations ?? []
  if (declaration === undefined) return undefined
  if (isFunctionWithBody(declaration)) return declaration
  const isConstant =
    ts.isVariableDeclaration(declaration) && (declaration.parent.flags & ts.NodeFlags.Const) !== 0
  const initializer = isConstant ? declaration.initializer : undefined
  return initializer !== undefined && isFunctionWithBody(initializer) ? initializer : undefined
}
