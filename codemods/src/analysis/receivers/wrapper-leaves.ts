import ts from 'typescript'
import { outermost, unwrapExpression } from '../syntax/syntax'
import { throughChoices } from '../syntax/value-flow'

/** The values one of which an expression is: both sides of `given ?? taken`, both ways of a condition; awaited or not. */
export function leavesOf(expression: ts.Expression): readonly ts.Expression[] {
  const bare = unwrapExpression(expression)
  if (ts.isAwaitExpression(bare)) return leavesOf(bare.expression)
  if (ts.isConditionalExpression(bare)) return [...leavesOf(bare.whenTrue), ...leavesOf(bare.whenFalse)]
  if (!ts.isBinaryExpression(bare)) return [bare]
  switch (bare.operatorToken.kind) {
    case ts.SyntaxKind.QuestionQuestionToken:
    case ts.SyntaxKind.BarBarToken:
      return [...leavesOf(bare.left), ...leavesOf(bare.right)]
    case ts.SyntaxKind.AmpersandAmpersandToken:
      // Where the left side is falsy, the whole is nothing that anybody could use.
      return [bare, ...leavesOf(bare.right)]
    case ts.SyntaxKind.CommaToken:
      return leavesOf(bare.right)
    default:
      return [bare]
  }
}

/** The whole expression that may be what is taken here: the way of {@link leavesOf} from below. */
export function wholeOf(taken: ts.Expression): ts.Expression {
  let value = taken
  for (;;) {
    const bare = outermost(value)
    const next = ts.isAwaitExpression(bare.parent) ? bare.parent : throughChoices(bare)
    if (next === value) return value
    value = next
  }
}

/** Whether a function may return what is taken here. */
export function isReturned(node: ts.Expression): boolean {
  const whole = wholeOf(node)
  return ts.isReturnStatement(whole.parent) || isArrowBody(whole)
}

function isArrowBody(node: ts.Node): boolean {
  return ts.isArrowFunction(node.parent) && node.parent.body === node
}

/** `const c = given ?? (await pool.connect())`, `c = await pool.connect()` */
export function variableOf(node: ts.Expression): ts.Identifier | undefined {
  const whole = wholeOf(node)
  const { parent } = whole
  if (ts.isVariableDeclaration(parent)) return ts.isIdentifier(parent.name) ? parent.name : undefined
  if (!ts.isBinaryExpression(parent) || parent.right !== whole || !isAssignment(parent)) return undefined
  const target = unwrapExpression(parent.left)
  return ts.isIdentifier(target) ? target : undefined
}

export function isAssignment({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  return (
    kind === ts.SyntaxKind.EqualsToken ||
    kind === ts.SyntaxKind.QuestionQuestionEqualsToken ||
    kind === ts.SyntaxKind.BarBarEqualsToken
  )
}
