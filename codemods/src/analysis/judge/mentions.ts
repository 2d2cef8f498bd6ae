import ts from 'typescript'
import { outermost } from '../syntax/syntax'

/** Where a name is declared, or is that of a member: no mention of what it stands for. */
export function isDeclaredName(node: ts.Identifier): boolean {
  const { parent } = node
  return (
    ((ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isFunctionDeclaration(parent)) &&
      parent.name === node) ||
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    (ts.isPropertyAssignment(parent) && parent.name === node)
  )
}

/** `if (client)`, `!client`, `error || !client` */
export function isAskedFor(value: ts.Expression): boolean {
  const { parent } = value
  if (ts.isPrefixUnaryExpression(parent)) return true
  if (ts.isIfStatement(parent) || ts.isConditionalExpression(parent))
    return ts.isIfStatement(parent) ? parent.expression === value : parent.condition === value
  if (!ts.isBinaryExpression(parent)) return false
  const kind = parent.operatorToken.kind
  const isLogical = kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken
  return isLogical && (parent.left === value || isAskedFor(outermost(parent)))
}

/** `audit(client)`, `audit({ client })` */
export function isArgument(value: ts.Expression): boolean {
  const { parent } = value
  if (ts.isPropertyAssignment(parent) || ts.isShorthandPropertyAssignment(parent))
    return isArgument(outermost(parent.parent))
  if (ts.isArrayLiteralExpression(parent)) return isArgument(outermost(parent))
  return (ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression !== value
}
