import { ts } from 'ts-morph'
import { isNullish } from './connection-uses'
import { unwrapExpression } from './syntax'

/** More would multiply the paths; the oldest is forgotten, which only makes the analysis more careful. */
const maxFacts = 6

/** `x`, `x != null`, `x === undefined`: which variable a condition asks for, and whether it holds when that is truthy. */
export function askedOf(
  condition: ts.Node,
  checker: ts.TypeChecker,
): { symbol: ts.Symbol; truth: boolean } | undefined {
  const bare = unwrapExpression(condition as ts.Expression)
  if (ts.isIdentifier(bare)) {
    const symbol = checker.getSymbolAtLocation(bare)
    return symbol === undefined ? undefined : { symbol, truth: true }
  }
  if (!ts.isBinaryExpression(bare)) return undefined
  const operator = bare.operatorToken.kind
  const equal =
    operator === ts.SyntaxKind.EqualsEqualsToken || operator === ts.SyntaxKind.EqualsEqualsEqualsToken
  const unequal =
    operator === ts.SyntaxKind.ExclamationEqualsToken ||
    operator === ts.SyntaxKind.ExclamationEqualsEqualsToken
  const left = unwrapExpression(bare.left)
  if ((!equal && !unequal) || !ts.isIdentifier(left) || !isNullish(bare.right)) return undefined
  const symbol = checker.getSymbolAtLocation(left)
  return symbol === undefined ? undefined : { symbol, truth: unequal }
}

export function withFact(
  facts: ReadonlyMap<ts.Symbol, boolean>,
  symbol: ts.Symbol,
  truth: boolean | undefined,
): ReadonlyMap<ts.Symbol, boolean> {
  const next = new Map(facts)
  next.delete(symbol)
  if (truth !== undefined) {
    const oldest = next.size >= maxFacts ? next.keys().next().value : undefined
    if (oldest !== undefined) next.delete(oldest)
    next.set(symbol, truth)
  }
  return next
}

export function literalTruth(expression: ts.Expression): boolean | undefined {
  const bare = unwrapExpression(expression)
  if (bare.kind === ts.SyntaxKind.TrueKeyword) return true
  if (bare.kind === ts.SyntaxKind.FalseKeyword || isNullish(bare)) return false
  return undefined
}
