import ts from 'typescript'
import { outermost, unwrapExpression } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isPassedOn } from './context'
import { isFacadeType, isLegacyType } from './legacy-types'

/** Whether nothing but the ferry's facade can be behind an expression: by its type, or by everything that is ever put there. */
export function comesFromFacade(expression: ts.Expression, context: CleanupContext): boolean {
  return isFacade(expression, context, 0)
}

function isFacade(expression: ts.Expression, context: CleanupContext, depth: number): boolean {
  const bare = unwrapExpression(expression)
  const type = context.checker.getTypeAtLocation(bare)
  if (isFacadeType(type, context)) return true
  if (depth > 4 || !isLegacyType(type, context)) return false
  const declaration = declarationOf(bare, context)
  if (declaration === undefined) return false
  const values = valuesOf(declaration, context)
  return (
    values !== undefined && values.length > 0 && values.every((value) => isFacade(value, context, depth + 1))
  )
}

function declarationOf(expression: ts.Expression, context: CleanupContext): ts.Declaration | undefined {
  if (ts.isIdentifier(expression)) return context.symbolOf(expression)?.valueDeclaration
  return ts.isPropertyAccessExpression(expression)
    ? context.symbolOf(expression.name)?.valueDeclaration
    : undefined
}

/** Every expression whose value a variable, field or parameter gets; undefined when that cannot be told. */
function valuesOf(
  declaration: ts.Declaration,
  context: CleanupContext,
): readonly ts.Expression[] | undefined {
  if (ts.isVariableDeclaration(declaration)) {
    const isConst = (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0
    return isConst && declaration.initializer !== undefined ? [declaration.initializer] : undefined
  }
  if (ts.isParameter(declaration)) return argumentsFor(declaration, context)
  if (!ts.isPropertyDeclaration(declaration) || !ts.isIdentifier(declaration.name)) return undefined
  return assignedValues(declaration, declaration.name, context)
}

function assignedValues(
  property: ts.PropertyDeclaration,
  name: ts.Identifier,
  context: CleanupContext,
): readonly ts.Expression[] | undefined {
  const values = property.initializer === undefined ? [] : [property.initializer]
  for (const mention of context.references(name)) {
    const access = mention.parent
    const { parent } = access
    if (!ts.isPropertyAccessExpression(access) || !ts.isBinaryExpression(parent) || parent.left !== access)
      continue
    if (parent.operatorToken.kind === ts.SyntaxKind.EqualsToken) values.push(parent.right)
  }
  return values
}

/** What calls give for a parameter of a function or constructor that is only ever called. */
function argumentsFor(
  parameter: ts.ParameterDeclaration,
  context: CleanupContext,
): readonly ts.Expression[] | undefined {
  const { parent: owner } = parameter
  const callable = ts.isConstructorDeclaration(owner) ? owner.parent : owner
  if (!ts.isClassLike(callable) && !ts.isFunctionDeclaration(callable) && !ts.isMethodDeclaration(callable))
    return undefined
  const { name } = callable
  if (name === undefined || !ts.isIdentifier(name)) return undefined
  const index = owner.parameters.indexOf(parameter)
  const values: ts.Expression[] = parameter.initializer === undefined ? [] : [parameter.initializer]
  for (const mention of context.references(name)) {
    if (isPassedOn(mention) || ts.isTypeReferenceNode(mention.parent) || isStaticAccess(mention)) continue
    const access =
      ts.isPropertyAccessExpression(mention.parent) && mention.parent.name === mention
        ? mention.parent
        : mention
    const callee = outermost(access)
    const call = callee.parent
    if ((!ts.isCallExpression(call) && !ts.isNewExpression(call)) || call.expression !== callee)
      return undefined
    const argument = call.arguments?.[index]
    if (call.arguments?.some(ts.isSpreadElement) === true) return undefined
    if (argument !== undefined) values.push(argument)
  }
  return values
}

/** `AnswerTransaction.open`: the class is named for one of its own members. */
export function isStaticAccess(mention: ts.Identifier): boolean {
  const { parent } = mention
  return (
    ts.isPropertyAccessExpression(parent) && parent.expression === mention && parent.name.text !== 'prototype'
  )
}
