import ts from 'typescript'
import { outermost, unwrapExpression } from './syntax'

/** The whole of a choice that may be the connection: `connection ?? pool`, `isOurs ? connection : other`. */
export function throughChoices(value: ts.Expression): ts.Expression {
  let current = value
  for (;;) {
    const { parent } = current
    const isBranch =
      (ts.isConditionalExpression(parent) && parent.condition !== current) ||
      (ts.isBinaryExpression(parent) && isValueOfBinary(parent, current))
    if (!isBranch) return current
    current = outermost(parent)
  }
}

function isValueOfBinary({ operatorToken, right }: ts.BinaryExpression, side: ts.Expression): boolean {
  switch (operatorToken.kind) {
    case ts.SyntaxKind.QuestionQuestionToken:
    case ts.SyntaxKind.BarBarToken:
      return true
    case ts.SyntaxKind.AmpersandAmpersandToken:
    case ts.SyntaxKind.CommaToken:
      return right === side
    default:
      return false
  }
}

/** Whether a value is only asked for: its truth, its type, whether it is there. */
export function isTested(value: ts.Expression): boolean {
  const { parent } = value
  if (ts.isPrefixUnaryExpression(parent) || ts.isTypeOfExpression(parent)) return true
  if ((ts.isIfStatement(parent) || ts.isWhileStatement(parent)) && parent.expression === value) return true
  if (ts.isConditionalExpression(parent) && parent.condition === value) return true
  if (!ts.isBinaryExpression(parent)) return false
  const kind = parent.operatorToken.kind
  if (kind === ts.SyntaxKind.AmpersandAmpersandToken && parent.left === value) return true
  if (kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken)
    return isTested(outermost(parent))
  return comparisons.has(kind)
}

const comparisons: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.InstanceOfKeyword,
  ts.SyntaxKind.InKeyword,
])

export function isNullish(expression: ts.Expression): boolean {
  const bare = unwrapExpression(expression)
  return bare.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(bare) && bare.text === 'undefined')
}
