import ts from 'typescript'
import { isNullish } from './connection-uses'
import type { ReleaseUse } from './bracket'
import { isQuietTree } from './quiet'
import { isFunctionWithBody, outermost, unwrapExpression } from '../syntax/syntax'

/** What a release tells the pool beside "here it is back". */
export type Told =
  | { readonly kind: 'nothing' }
  /** Close it: always. */
  | { readonly kind: 'always'; readonly error?: ts.Expression }
  /** Close it when this is true; the condition is the error itself where there is no other. */
  | { readonly kind: 'when'; readonly condition: ts.Expression; readonly error?: ts.Expression }
  /** A key, or something that the service has no word for. */
  | { readonly kind: 'unknown' }

/** One place where the connection is given back. */
export interface ReleasePoint {
  readonly call: ts.CallExpression
  /** The name that the connection has there. */
  readonly name: string
  /** The statement that does nothing else; absent when the release is a part of something larger. */
  readonly statement?: ts.ExpressionStatement
  readonly told: Told
}

export function releasePointOf(release: ReleaseUse): ReleasePoint {
  const { call } = release
  const statement = statementOf(call)
  return {
    call,
    name: release.node.text,
    told: toldBy(release),
    ...(statement === undefined ? {} : { statement }),
  }
}

/** The release with what only waits for it or silences it: `await release(c)`, `void …`, `release(c).catch(() => {})`. */
export function releaseExtent(call: ts.CallExpression): ts.Expression {
  let current = outermost(call)
  for (;;) {
    const { parent } = current
    if (ts.isAwaitExpression(parent) || ts.isVoidExpression(parent)) current = outermost(parent)
    else if (isSilencer(parent)) current = outermost(parent.parent)
    else return current
  }
}

/** `….catch(handler)` with a handler written in place. */
function isSilencer(
  node: ts.Node,
): node is ts.PropertyAccessExpression & { readonly parent: ts.CallExpression } {
  if (!ts.isPropertyAccessExpression(node) || node.name.text !== 'catch') return false
  const { parent } = node
  const [handler] = ts.isCallExpression(parent) && parent.expression === node ? parent.arguments : []
  return handler !== undefined && isFunctionWithBody(unwrapExpression(handler))
}

/** `release(c)` alone, or behind conditions that only look: `c && c.release()`. */
function statementOf(call: ts.CallExpression): ts.ExpressionStatement | undefined {
  let current = releaseExtent(call)
  for (let { parent } = current; isGuard(parent, current); { parent } = current) current = outermost(parent)
  return ts.isExpressionStatement(current.parent) ? current.parent : undefined
}

function isGuard(parent: ts.Node, right: ts.Expression): parent is ts.BinaryExpression {
  if (!ts.isBinaryExpression(parent) || parent.right !== right) return false
  const kind = parent.operatorToken.kind
  const isChoice = kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken
  return isChoice && isQuietTree(parent.left)
}

function toldBy({ call, rule, node }: ReleaseUse): Told {
  const index = rule.on === 'connection' ? rule.errorArgument : rule.discardArgument
  const others = call.arguments.filter(
    (argument, position) =>
      position !== index && unwrapExpression(argument) !== node && !saysNothing(argument),
  )
  if (others.length > 0) return { kind: 'unknown' }
  if (rule.isDiscard === true) return { kind: 'always' }
  const argument = index === undefined ? undefined : call.arguments[index]
  if (argument === undefined || saysNothing(argument)) return { kind: 'nothing' }
  if (ts.isSpreadElement(argument)) return { kind: 'unknown' }
  const error = unwrapExpression(argument)
  if (error.kind === ts.SyntaxKind.TrueKeyword) return { kind: 'always' }
  if (isAlwaysTruthy(error)) return { kind: 'always', error }
  if (!isQuietTree(error)) return { kind: 'unknown' }
  return isBoolean(error) ? { kind: 'when', condition: error } : { kind: 'when', condition: error, error }
}

function saysNothing(expression: ts.Expression): boolean {
  return isNullish(expression) || unwrapExpression(expression).kind === ts.SyntaxKind.FalseKeyword
}

function isAlwaysTruthy(expression: ts.Expression): boolean {
  const bare = unwrapExpression(expression)
  if (ts.isNewExpression(bare) || ts.isObjectLiteralExpression(bare)) return true
  if (ts.isStringLiteralLike(bare)) return bare.text !== ''
  if (ts.isBinaryExpression(bare) && bare.operatorToken.kind === ts.SyntaxKind.BarBarToken)
    return isAlwaysTruthy(bare.right)
  if (!ts.isConditionalExpression(bare) || !isAlwaysTruthy(bare.whenFalse)) return false
  return isAlwaysTruthy(bare.whenTrue) || isInstanceTest(bare.condition, bare.whenTrue)
}

/** `error instanceof Error ? error : …` */
function isInstanceTest(condition: ts.Expression, value: ts.Expression): boolean {
  const test = unwrapExpression(condition)
  return (
    ts.isBinaryExpression(test) &&
    test.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword &&
    unwrapExpression(test.left).getText() === unwrapExpression(value).getText()
  )
}

function isBoolean(expression: ts.Expression): boolean {
  if (ts.isPrefixUnaryExpression(expression)) return expression.operator === ts.SyntaxKind.ExclamationToken
  return ts.isBinaryExpression(expression) && booleanOperators.has(expression.operatorToken.kind)
}

const booleanOperators: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.InstanceOfKeyword,
  ts.SyntaxKind.InKeyword,
  ts.SyntaxKind.LessThanToken,
  ts.SyntaxKind.LessThanEqualsToken,
  ts.SyntaxKind.GreaterThanToken,
  ts.SyntaxKind.GreaterThanEqualsToken,
])
