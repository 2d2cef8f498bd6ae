import ts from 'typescript'
import type { ReleaseUse } from './bracket'
import { isNullish } from './connection-uses'
import { unwrapExpression } from '../syntax/syntax'

/** The statement that is this release and nothing else: `release(c)`, `await release(c)`, `void c?.release()`. */
export function releaseStatementOf(release: ReleaseUse): ts.ExpressionStatement | undefined {
  let { parent }: ts.Node = release.call
  while (
    ts.isParenthesizedExpression(parent) ||
    ts.isNonNullExpression(parent) ||
    ts.isAwaitExpression(parent) ||
    ts.isVoidExpression(parent)
  )
    ({ parent } = parent)
  return ts.isExpressionStatement(parent) ? parent : undefined
}

/** `a && b && c` as its parts, in the order in which they are asked. */
export function conjunctsOf(condition: ts.Expression): readonly ts.Expression[] {
  const bare = unwrapExpression(condition)
  return ts.isBinaryExpression(bare) && bare.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
    ? [...conjunctsOf(bare.left), ...conjunctsOf(bare.right)]
    : [bare]
}

/** `c`, `c != null`, `c !== undefined`, `!!c`: true only where there is a connection. */
export function asksFor(condition: ts.Expression, name: string): boolean {
  const bare = unwrapExpression(condition)
  if (ts.isIdentifier(bare)) return bare.text === name
  if (ts.isPrefixUnaryExpression(bare)) {
    const inner = unwrapExpression(bare.operand)
    return (
      ts.isPrefixUnaryExpression(inner) &&
      bare.operator === ts.SyntaxKind.ExclamationToken &&
      inner.operator === ts.SyntaxKind.ExclamationToken &&
      asksFor(inner.operand, name)
    )
  }
  if (!ts.isBinaryExpression(bare) || !isNullish(bare.right)) return false
  const kind = bare.operatorToken.kind
  const isUnequal =
    kind === ts.SyntaxKind.ExclamationEqualsToken || kind === ts.SyntaxKind.ExclamationEqualsEqualsToken
  return isUnequal && bare.left.getText() === name
}

/** `client.release`, `typeof client.release === 'function'`: what is asked whether it can be given back. */
export function askedForRelease(condition: ts.Expression): ts.Expression | undefined {
  const bare = unwrapExpression(condition)
  if (ts.isPropertyAccessExpression(bare))
    return bare.name.text === 'release' ? unwrapExpression(bare.expression) : undefined
  if (!ts.isBinaryExpression(bare) || !ts.isStringLiteralLike(bare.right) || bare.right.text !== 'function')
    return undefined
  const kind = bare.operatorToken.kind
  const isEqual = kind === ts.SyntaxKind.EqualsEqualsToken || kind === ts.SyntaxKind.EqualsEqualsEqualsToken
  const left = unwrapExpression(bare.left)
  return isEqual && ts.isTypeOfExpression(left) ? askedForRelease(left.expression) : undefined
}

/** Whether a block is this release and nothing else, with or without a question for the connection around it. */
export function isReleaseOnly(
  block: ts.Block,
  release: ReleaseUse,
  isAsked: (condition: ts.Expression) => boolean = (condition) => asksFor(condition, release.node.text),
): boolean {
  const [statement] = block.statements
  return block.statements.length === 1 && statement !== undefined && isRelease(statement, release, isAsked)
}

/** The same for one statement. */
export function isRelease(
  statement: ts.Statement,
  release: ReleaseUse,
  isAsked: (condition: ts.Expression) => boolean,
): boolean {
  if (!ts.isIfStatement(statement)) return releaseStatementOf(release) === statement
  if (statement.elseStatement !== undefined || !isAsked(statement.expression)) return false
  return ts.isBlock(statement.thenStatement)
    ? isReleaseOnly(statement.thenStatement, release, isAsked)
    : isRelease(statement.thenStatement, release, isAsked)
}
