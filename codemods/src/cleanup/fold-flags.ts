import ts from 'typescript'
import { outermost, walk } from '../analysis/syntax/syntax'
import { defaultFlagRules, type FlagRule } from '../project/define-config'
import { foldIf } from './dead-branches'
import type { CleanupContext } from './context'
import { foldConditional, foldLogical, isCondition } from './fold-expressions'
import { FlagValues } from './flag-values'
import { isPure, removeLines } from './removal'
import { editOf, refusalAt, type FileEdit, type Step } from './step'

/** Flag checks become what they will always be: dead branches go, the branch that lives takes their place. */
export function foldFlags(context: CleanupContext): readonly Step[] {
  const rules = rulesOf(context)
  const values = new FlagValues(rules, context)
  return context.editable().flatMap((file) => foldFile(file, values, context))
}

export function rulesOf(context: CleanupContext): readonly FlagRule[] {
  return context.workspace.config.flags ?? defaultFlagRules
}

function foldFile(file: ts.SourceFile, values: FlagValues, context: CleanupContext): Step[] {
  const steps: Step[] = []
  if (!values.mayOccurIn(file)) return steps
  walk(file, (node) => {
    if (!ts.isExpression(node) || ts.isLiteralExpression(node) || isName(node)) return undefined
    const value = values.booleanOf(node)
    if (value === undefined) return undefined
    const edits = foldAt(outermost(node), value, values, context)
    if (edits === undefined) return undefined
    const what = shorten(node.getText())
    steps.push({ kind: 'flag', what, path: file.fileName, start: node.getStart(), edits })
    return false
  })
  return steps
}

/** An identifier that declares or names something is no expression of its own. */
function isName(node: ts.Expression): boolean {
  const { parent } = node
  if (!ts.isIdentifier(node)) return false
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    (ts.isDeclarationStatement(parent) && 'name' in parent && parent.name === node) ||
    (ts.isVariableDeclaration(parent) && parent.name === node) ||
    (ts.isPropertyAssignment(parent) && parent.name === node) ||
    ts.isBindingElement(parent) ||
    ts.isParameter(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isExportSpecifier(parent) ||
    ts.isImportClause(parent) ||
    ts.isClassElement(parent) ||
    ts.isTypeElement(parent) ||
    ts.isTypeNode(parent) ||
    ts.isEntityName(parent)
  )
}

function foldAt(
  expression: ts.Expression,
  value: boolean,
  values: FlagValues,
  context: CleanupContext,
): readonly FileEdit[] | undefined {
  const { parent } = expression
  if (isAssigned(expression)) return undefined
  if (ts.isShorthandPropertyAssignment(parent))
    return [editOf(parent, `${parent.name.text}: ${String(value)}`)]
  if (ts.isIfStatement(parent) && parent.expression === expression) return foldIf(parent, value)
  if (ts.isWhileStatement(parent) && !value) return [removeLines(parent)]
  if (ts.isConditionalExpression(parent) && parent.condition === expression)
    return [foldConditional(parent, value)]
  if (ts.isExpressionStatement(parent)) return [removeLines(parent)]
  if (ts.isBinaryExpression(parent)) {
    const folded = foldLogical(parent, expression, value, context)
    if (folded !== undefined) return folded
  }
  // A text that is used as a text, and not as a condition, is not known.
  const whole = values.valueOf(expression, 0)
  if (whole?.kind === 'text' && !isCondition(expression)) return undefined
  if (
    isLiteral(expression) ||
    (ts.isCallExpression(expression) && !isPure(expression) && !expression.arguments.every(isPure))
  )
    return undefined
  return [editOf(expression, String(value))]
}

function isLiteral({ kind }: ts.Expression): boolean {
  return kind === ts.SyntaxKind.TrueKeyword || kind === ts.SyntaxKind.FalseKeyword
}

function isAssigned(expression: ts.Expression): boolean {
  const { parent } = expression
  return (
    (ts.isBinaryExpression(parent) &&
      parent.left === expression &&
      parent.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      parent.operatorToken.kind <= ts.SyntaxKind.LastAssignment) ||
    ts.isDeleteExpression(parent)
  )
}

/** Flag checks that are left, with the reason; called when no step is left to take. */
export function refuseFlags(context: CleanupContext): void {
  const values = new FlagValues(rulesOf(context), context)
  for (const file of context.editable().filter((one) => values.mayOccurIn(one))) {
    walk(file, (node) => {
      if (!ts.isExpression(node) || !values.isRoot(node)) return undefined
      const reason = isAssigned(outermost(node)) ? 'flag-assigned' : 'flag-unclear'
      context.refusals.push(refusalAt(node, reason, shorten(node.getText())))
      return false
    })
  }
}

export function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 57)}...` : line
}
