import ts from 'typescript'
import { outermost, unwrapExpression } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isBooleanType } from './flag-values'
import { isPure, removeLines } from './removal'
import { editOf, type FileEdit } from './step'

/** `flag ? a : b` as the branch that stays. */
export function foldConditional(conditional: ts.ConditionalExpression, value: boolean): FileEdit {
  return replaceBy(conditional, value ? conditional.whenTrue : conditional.whenFalse)
}

/** `flag && x`, `x && flag`, `flag || x`, `x || flag`; undefined when only the flag itself can be replaced. */
export function foldLogical(
  binary: ts.BinaryExpression,
  flag: ts.Expression,
  value: boolean,
  context: CleanupContext,
): readonly FileEdit[] | undefined {
  const isAnd = binary.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
  if (!isAnd && binary.operatorToken.kind !== ts.SyntaxKind.BarBarToken) return undefined
  const other = binary.left === flag ? binary.right : binary.left
  // `true && x` and `false || x` are x; `false && x` and `true || x` are the flag.
  const isOther = isAnd === value
  if (binary.left === flag) {
    if (isOther) return [replaceBy(binary, other)]
    const statement = outermost(binary).parent
    if (ts.isExpressionStatement(statement)) return [removeLines(statement)]
    return [editOf(binary, String(value))]
  }
  if (isOther)
    return isCondition(binary) || isBooleanType(other, context) ? [replaceBy(binary, other)] : undefined
  return isPure(other) && isCondition(binary) ? [editOf(binary, String(value))] : undefined
}

/** Whether only the truth of an expression matters where it stands. */
export function isCondition(expression: ts.Expression): boolean {
  const outer = outermost(expression)
  const { parent } = outer
  if (
    ts.isIfStatement(parent) ||
    ts.isWhileStatement(parent) ||
    ts.isDoStatement(parent) ||
    (ts.isConditionalExpression(parent) && parent.condition === outer) ||
    (ts.isForStatement(parent) && parent.condition === outer) ||
    (ts.isPrefixUnaryExpression(parent) && parent.operator === ts.SyntaxKind.ExclamationToken) ||
    ts.isExpressionStatement(parent)
  )
    return true
  const isLogical =
    ts.isBinaryExpression(parent) &&
    [ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken].includes(parent.operatorToken.kind)
  return isLogical && isCondition(parent)
}

/** Puts a part of an expression in its place, with parentheses where it needs them and without those it does not. */
function replaceBy(whole: ts.Expression, part: ts.Expression): FileEdit {
  const bare = unwrapParentheses(part)
  const text = bare.getText()
  const { parent } = whole
  if (ts.isParenthesizedExpression(parent)) {
    const needsNone = bindsTightly(bare) && !startsStatementBadly(parent.parent, bare)
    return editOf(needsNone ? parent : whole, text)
  }
  if (bindsTightly(bare) && !startsStatementBadly(parent, bare)) return editOf(whole, text)
  const standsAlone =
    ts.isVariableDeclaration(parent) ||
    ts.isReturnStatement(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isExpressionStatement(parent) ||
    ts.isIfStatement(parent) ||
    ts.isCallExpression(parent) ||
    ts.isArrowFunction(parent) ||
    ts.isArrayLiteralExpression(parent) ||
    ts.isTemplateSpan(parent) ||
    ts.isJsxExpression(parent)
  const isCalled = ts.isCallExpression(parent) && parent.expression === whole
  const isComma = ts.isBinaryExpression(bare) && bare.operatorToken.kind === ts.SyntaxKind.CommaToken
  const needsNone = standsAlone && !isCalled && !isComma && !startsStatementBadly(parent, bare)
  return editOf(whole, needsNone ? text : `(${text})`)
}

function unwrapParentheses(expression: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(expression) ? unwrapParentheses(expression.expression) : expression
}

/** Nothing around it can take a part of it. */
function bindsTightly(expression: ts.Expression): boolean {
  const bare = unwrapExpression(expression)
  return (
    bare === expression &&
    (ts.isIdentifier(bare) ||
      ts.isLiteralExpression(bare) ||
      ts.isCallExpression(bare) ||
      ts.isPropertyAccessExpression(bare) ||
      ts.isElementAccessExpression(bare) ||
      ts.isArrayLiteralExpression(bare) ||
      ts.isTemplateExpression(bare) ||
      ts.isJsxElement(bare) ||
      ts.isJsxSelfClosingElement(bare) ||
      ts.isObjectLiteralExpression(bare) ||
      [
        ts.SyntaxKind.TrueKeyword,
        ts.SyntaxKind.FalseKeyword,
        ts.SyntaxKind.NullKeyword,
        ts.SyntaxKind.ThisKeyword,
      ].includes(bare.kind))
  )
}

/** `{` would open a block, `function` a declaration. */
function startsStatementBadly(parent: ts.Node, expression: ts.Expression): boolean {
  const isStart = ts.isArrowFunction(parent) || ts.isExpressionStatement(parent)
  return (
    isStart &&
    (/^\{/.test(expression.getText()) ||
      (ts.isExpressionStatement(parent) && /^(function|class)\b/.test(expression.getText())))
  )
}
