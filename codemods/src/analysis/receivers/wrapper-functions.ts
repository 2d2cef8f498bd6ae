import ts from 'typescript'
import type { AcquireCall } from '../connection/acquire-call'
import { receiverEffect } from '../connection/receiver-effect'
import { enclosingFunction, isFunctionWithBody, unwrapExpression, type FunctionLike } from '../syntax/syntax'
import type { FactSource } from './type-fact'

/** `return pool.connect()`, and nothing else. */
export function isPlain(
  declaration: FunctionLike,
  { call, receiver, via }: AcquireCall,
  checker: ts.TypeChecker,
): boolean {
  const { body } = declaration
  if (body === undefined || declaration.parameters.length > 0 || call.arguments.length > 0) return false
  if (via?.isPlain === false || receiverEffect(receiver, checker) !== undefined) return false
  const [only] = ts.isBlock(body) ? body.statements : []
  const returned = ts.isBlock(body)
    ? body.statements.length === 1 && only !== undefined && ts.isReturnStatement(only)
      ? only.expression
      : undefined
    : body
  if (returned === undefined) return false
  const bare = unwrapExpression(returned)
  return bare === call || (ts.isAwaitExpression(bare) && unwrapExpression(bare.expression) === call)
}

export function functionNode(declaration: ts.Node, facts: FactSource): FunctionLike | undefined {
  if (isFunctionWithBody(declaration)) return declaration
  if (
    (ts.isVariableDeclaration(declaration) ||
      ts.isPropertyDeclaration(declaration) ||
      ts.isPropertyAssignment(declaration)) &&
    declaration.initializer !== undefined
  )
    return functionNode(unwrapExpression(declaration.initializer), facts)
  if (ts.isShorthandPropertyAssignment(declaration) || ts.isIdentifier(declaration)) {
    const symbol = ts.isIdentifier(declaration)
      ? facts.checker.getSymbolAtLocation(declaration)
      : facts.checker.getShorthandAssignmentValueSymbol(declaration)
    const [named] = facts.resolveAlias(symbol)?.declarations ?? []
    return named === undefined || named === declaration ? undefined : functionNode(named, facts)
  }
  // exports.take = …, of which a compiler of JavaScript calls either side the declaration.
  const assignment = ts.isBinaryExpression(declaration) ? declaration : declaration.parent
  if (ts.isBinaryExpression(assignment) && isMemberAssignment(assignment))
    return functionNode(unwrapExpression(assignment.right), facts)
  return undefined
}

/** `exports.take = …`, `Repository.prototype.take = …` */
function isMemberAssignment({ left, operatorToken }: ts.BinaryExpression): boolean {
  return operatorToken.kind === ts.SyntaxKind.EqualsToken && ts.isPropertyAccessExpression(left)
}

export function nameOf(declaration: FunctionLike): string | undefined {
  const own = declaration.name
  if (own !== undefined) return ts.isIdentifier(own) || ts.isPrivateIdentifier(own) ? own.text : undefined
  const { parent } = declaration
  if (
    ts.isBinaryExpression(parent) &&
    parent.right === declaration &&
    ts.isPropertyAccessExpression(parent.left)
  )
    return isMemberAssignment(parent) ? parent.left.name.text : undefined
  const named =
    ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)
      ? parent.name
      : undefined
  return named !== undefined && ts.isIdentifier(named) ? named.text : undefined
}

export function isVisibleOutside(declaration: FunctionLike): boolean {
  if (ts.isMethodDeclaration(declaration) || ts.isPropertyDeclaration(declaration.parent))
    return !(ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Private)
  // What it is exported as is not asked: a name that nobody imports costs a search and no more.
  const home = enclosingFunction(declaration)
  return ts.isSourceFile(home) || ts.isPropertyAssignment(declaration.parent)
}

export function isAsync(declaration: FunctionLike): boolean {
  return (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Async) !== 0
}

export function isGenerator(declaration: FunctionLike): boolean {
  return 'asteriskToken' in declaration && declaration.asteriskToken !== undefined
}
