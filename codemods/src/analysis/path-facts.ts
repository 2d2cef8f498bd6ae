import { ts } from 'ts-morph'
import { isNullish } from './connection-uses'
import { unwrapExpression } from './syntax'

/** More would multiply the paths; the oldest is forgotten, which only makes the analysis more careful. */
const maxFacts = 6

/** `x`, `x != null`, `undefined === x`, `typeof x !== 'undefined'`: which variable a condition asks for, and whether it holds when that is truthy. */
export function askedOf(
  condition: ts.Node,
  checker: ts.TypeChecker,
): { symbol: ts.Symbol; truth: boolean } | undefined {
  const bare = unwrapExpression(condition as ts.Expression)
  const ask = (name: ts.Expression | undefined, truth: boolean): ReturnType<typeof askedOf> => {
    const symbol = name !== undefined && ts.isIdentifier(name) ? checker.getSymbolAtLocation(name) : undefined
    return symbol === undefined ? undefined : { symbol, truth }
  }
  if (ts.isIdentifier(bare)) return ask(bare, true)
  if (ts.isCallExpression(bare)) {
    const [only] = bare.arguments
    const isBoolean = bare.expression.getText() === 'Boolean' && bare.arguments.length === 1
    return isBoolean && only !== undefined ? ask(unwrapExpression(only), true) : undefined
  }
  if (!ts.isBinaryExpression(bare)) return undefined
  const operator = bare.operatorToken.kind
  // if ((client = await pool.connect()))
  if (operator === ts.SyntaxKind.EqualsToken) return ask(unwrapExpression(bare.left), true)
  const equal =
    operator === ts.SyntaxKind.EqualsEqualsToken || operator === ts.SyntaxKind.EqualsEqualsEqualsToken
  const unequal =
    operator === ts.SyntaxKind.ExclamationEqualsToken ||
    operator === ts.SyntaxKind.ExclamationEqualsEqualsToken
  if (!equal && !unequal) return undefined
  const left = unwrapExpression(bare.left)
  const right = unwrapExpression(bare.right)
  if (isNullish(right)) return ask(left, unequal)
  if (isNullish(left)) return ask(right, unequal)
  // typeof x === 'undefined'
  const isUndefined = ts.isStringLiteralLike(right) && right.text === 'undefined'
  return isUndefined && ts.isTypeOfExpression(left)
    ? ask(unwrapExpression(left.expression), unequal)
    : undefined
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
