import ts from 'typescript'
import { isNullish } from '../connection/connection-uses'
import { unwrapExpression } from '../syntax/syntax'

/**
 * What the conditions around a node ask for, as text, inside its function; whether they ask for its being there or not is left out. Of
 * several that must hold together those count that ask for something else than what is `known` to be so.
 */
export function guardsOf(node: ts.Node, scope: ts.Node, known?: string): ReadonlySet<string> {
  const guards = new Set<string>()
  for (let current = node; current !== scope && !ts.isSourceFile(current); current = current.parent) {
    const { parent } = current
    if (ts.isIfStatement(parent) && parent.expression !== current)
      guards.add(askedText(besides(parent.expression, known)))
    else if (ts.isConditionalExpression(parent) && parent.condition !== current)
      guards.add(askedText(parent.condition))
    else if (ts.isBinaryExpression(parent) && parent.right === current && isChoice(parent.operatorToken.kind))
      guards.add(askedText(parent.left))
  }
  return guards
}

/** `given && isClient(client)` is `given` to whoever knows that the client is one. */
function besides(condition: ts.Expression, known: string | undefined): ts.Expression {
  const bare = unwrapExpression(condition)
  if (
    known === undefined ||
    !ts.isBinaryExpression(bare) ||
    bare.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken
  )
    return bare
  const mentions = (side: ts.Expression): boolean => {
    let isMentioned = false
    const visit = (one: ts.Node): void => {
      isMentioned ||= ts.isIdentifier(one) && one.text === known
      ts.forEachChild(one, visit)
    }
    visit(side)
    return isMentioned
  }
  if (mentions(bare.right)) return besides(bare.left, known)
  return mentions(bare.left) ? besides(bare.right, known) : bare
}

function askedText(condition: ts.Expression): string {
  const bare = unwrapExpression(condition)
  if (ts.isPrefixUnaryExpression(bare) && bare.operator === ts.SyntaxKind.ExclamationToken)
    return askedText(bare.operand)
  if (ts.isBinaryExpression(bare) && isNullish(bare.right)) return askedText(bare.left)
  return bare.getText()
}

function isChoice(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.QuestionQuestionToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.QuestionQuestionEqualsToken ||
    kind === ts.SyntaxKind.BarBarEqualsToken
  )
}
