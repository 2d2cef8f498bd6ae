import ts from 'typescript'
import { findMember } from './member-lookup'
import { unwrapExpression } from '../syntax/syntax'
import { memberOfExternal, unknownFact, type FactSource, type TypeFact } from './type-fact'

/** A function's declaration in the package, and what is known of it when it has none there. */
export type Callee = readonly [ts.Node | undefined, TypeFact]

/** What an expression in front of arguments stands for. */
export function calleeOf(callee: ts.Expression, facts: FactSource, depth: number): Callee {
  if (ts.isBinaryExpression(callee) && callee.operatorToken.kind === ts.SyntaxKind.CommaToken)
    return calleeOf(unwrapExpression(callee.right), facts, depth)
  if (ts.isIdentifier(callee)) {
    const symbol = facts.checker.getSymbolAtLocation(callee)
    const declaration = facts.resolveAlias(symbol)?.declarations?.[0]
    if (declaration !== undefined && ts.isFunctionLike(declaration)) return [declaration, unknownFact]
    return [declaration, facts.symbolFact(symbol, depth)]
  }
  if (ts.isPropertyAccessExpression(callee)) {
    const owner = facts.factOf(callee.expression, depth)
    if (owner.kind === 'external') return [undefined, memberOfExternal(owner, callee.name.text)]
    if (owner.kind === 'declared')
      return [findMember(owner.declaration, callee.name.text, facts, depth), unknownFact]
  }
  return ts.isCallExpression(callee) || ts.isAwaitExpression(callee)
    ? [undefined, facts.factOf(callee, depth)]
    : [undefined, unknownFact]
}
