import ts from 'typescript'
import { unwrapExpression } from '../analysis/syntax/syntax'
import type { FlagRule } from '../project/define-config'
import type { CleanupContext } from './context'
import { isPure } from './removal'

/** What a rule says of an expression: a boolean, or the text that a variable of the environment has. */
export interface FlagRoot {
  readonly rule: FlagRule
  /** An environment variable is a text that only means on or off. */
  readonly isText: boolean
}

/** The rule that an expression is a check of. */
export function flagRootOf(
  expression: ts.Node,
  rules: readonly FlagRule[],
  context: CleanupContext,
): FlagRoot | undefined {
  for (const rule of rules) {
    if ('call' in rule) {
      if (ts.isCallExpression(expression) && isCheck(expression, rule, context))
        return { rule, isText: false }
    } else if ('env' in rule) {
      if (isVariable(expression, rule.env, context)) return { rule, isText: true }
    } else if (ts.isExpression(expression) && sameText(expression, rule.expression)) {
      return { rule, isText: false }
    }
  }
  return undefined
}

function isCheck(
  call: ts.CallExpression,
  rule: { readonly call: string; readonly argument: string },
  context: CleanupContext,
): boolean {
  const callee = unwrapExpression(call.expression)
  const name = ts.isIdentifier(callee)
    ? callee.text
    : ts.isPropertyAccessExpression(callee)
      ? callee.name.text
      : undefined
  const [first] = call.arguments
  if (name !== rule.call || first === undefined) return false
  const value = textOf(first, context, 0)
  return value !== undefined && matchesPattern(value, rule.argument)
}

/** Whether a check does nothing but ask: its other arguments must not either. */
export function isQuietCheck(expression: ts.Node): boolean {
  return (
    !ts.isCallExpression(expression) ||
    (expression.arguments.every(isPure) && isQuietCallee(expression.expression))
  )
}

/** `flags.isEnabled`, `getFlags().isEnabled`: asking for the flags is no deed. */
function isQuietCallee(callee: ts.Expression): boolean {
  if (!ts.isPropertyAccessExpression(callee)) return true
  const { expression } = callee
  return (
    isPure(expression) ||
    (ts.isCallExpression(expression) && expression.arguments.length === 0 && isPure(expression.expression))
  )
}

function isVariable(expression: ts.Node, pattern: string, context: CleanupContext): boolean {
  if (ts.isPropertyAccessExpression(expression))
    return isEnvironment(expression.expression) && matchesPattern(expression.name.text, pattern)
  if (ts.isElementAccessExpression(expression)) {
    const { argumentExpression } = expression
    const name = isEnvironment(expression.expression) ? textOf(argumentExpression, context, 0) : undefined
    return name !== undefined && matchesPattern(name, pattern)
  }
  if (!ts.isIdentifier(expression) || ts.isBindingElement(expression.parent)) return false
  const declaration = context.symbolOf(expression)?.valueDeclaration
  if (declaration === undefined || !ts.isBindingElement(declaration) || declaration.initializer !== undefined)
    return false
  const name = declaration.propertyName ?? declaration.name
  const holder = declaration.parent.parent
  return (
    ts.isIdentifier(name) &&
    matchesPattern(name.text, pattern) &&
    ts.isVariableDeclaration(holder) &&
    holder.initializer !== undefined &&
    isEnvironment(holder.initializer)
  )
}

function isEnvironment(expression: ts.Expression): boolean {
  const bare = unwrapExpression(expression)
  return (
    ts.isPropertyAccessExpression(bare) &&
    bare.name.text === 'env' &&
    ts.isIdentifier(bare.expression) &&
    bare.expression.text === 'process'
  )
}

/** The text that an expression stands for: literals, constants, members of constant objects and enums. */
export function textOf(
  expression: ts.Expression,
  context: CleanupContext,
  depth: number,
): string | undefined {
  const bare = unwrapExpression(expression)
  if (ts.isStringLiteralLike(bare)) return bare.text
  if (depth > 5) return undefined
  if (ts.isTemplateExpression(bare)) {
    const parts = bare.templateSpans.map((span) => {
      const value = textOf(span.expression, context, depth + 1)
      return value === undefined ? undefined : value + span.literal.text
    })
    return parts.includes(undefined) ? undefined : bare.head.text + parts.join('')
  }
  if (!ts.isIdentifier(bare) && !ts.isPropertyAccessExpression(bare)) return undefined
  const declaration = context.symbolOf(ts.isIdentifier(bare) ? bare : bare.name)?.valueDeclaration
  if (declaration === undefined) return undefined
  const isConstant =
    (ts.isVariableDeclaration(declaration) &&
      (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0) ||
    ts.isPropertyAssignment(declaration) ||
    ts.isEnumMember(declaration) ||
    (ts.isPropertyDeclaration(declaration) &&
      declaration.modifiers?.some((one) => one.kind === ts.SyntaxKind.ReadonlyKeyword) === true)
  return isConstant && declaration.initializer !== undefined
    ? textOf(declaration.initializer, context, depth + 1)
    : undefined
}

export function matchesPattern(text: string, pattern: string): boolean {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
  return new RegExp(`^${source}$`, 's').test(text)
}

export function sameText(expression: ts.Expression, wanted: string): boolean {
  const bare = (text: string): string => text.replace(/\s+/g, '')
  return bare(expression.getText()) === bare(wanted)
}
