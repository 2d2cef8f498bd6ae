import ts from 'typescript'
import { walk } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isPrivate } from './flag-values'
import { isLegacyType } from './legacy-types'
import { isPure, removeLines } from './removal'
import { removeParameter } from './remove-parameter'
import type { FileEdit, Step } from './step'

/** Private members that nothing in their class reads any more, and parameters that only fed them. */
export function removeUnusedMembers(context: CleanupContext): readonly Step[] {
  return context.editable().flatMap((file) => {
    const steps: Step[] = []
    walk(file, (node) => {
      if (ts.isClassLike(node)) steps.push(...membersOf(node, context), ...constructorsOf(node, context))
      const hasParameters =
        ts.isFunctionDeclaration(node) || ts.isConstructorDeclaration(node) || isFreeMethod(node)
      if (hasParameters) steps.push(...parametersOf(node, context))
      return undefined
    })
    return steps
  })
}

function membersOf(owner: ts.ClassLikeDeclaration, context: CleanupContext): Step[] {
  return owner.members.flatMap((member): Step[] => {
    const { name } = member
    if (name === undefined || !isPrivate(member) || !(ts.isIdentifier(name) || ts.isPrivateIdentifier(name)))
      return []
    const isOurs =
      context.suspects.has(name.text.replace(/^#/, '')) &&
      context.texts.isChanged(owner.getSourceFile().fileName)
    if (!isOurs && !isLegacyType(context.checker.getTypeAtLocation(member), context)) return []
    if (ts.isPropertyDeclaration(member) && member.initializer !== undefined && !isPure(member.initializer))
      return []
    const uses = usesOf(name.text, member, owner)
    const assignments = uses.map(quietAssignment)
    if (assignments.includes(undefined)) return []
    const path = owner.getSourceFile().fileName
    const edits: FileEdit[] = [
      removeLines(member),
      ...assignments.flatMap((statement) => (statement === undefined ? [] : [removeLines(statement)])),
    ]
    return [{ kind: 'member', what: name.text, path, start: member.getStart(), edits }]
  })
}

/** Every mention of a member's name behind a dot, in brackets or in a pattern, in its file: private names reach no further. */
export function usesOf(name: string, member: ts.Node, owner: ts.Node): readonly ts.Node[] {
  const uses: ts.Node[] = []
  walk(owner.getSourceFile(), (node) => {
    if (node === member && ts.isMethodDeclaration(member)) return false
    const isNamed =
      ((ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) &&
        node.text === name &&
        (ts.isPropertyAccessExpression(node.parent)
          ? node.parent.name === node
          : ts.isBindingElement(node.parent))) ||
      (ts.isStringLiteralLike(node) && node.text === name && ts.isElementAccessExpression(node.parent))
    if (isNamed) uses.push(node)
    return undefined
  })
  return uses
}

/** `this.x = …` as a statement that does nothing else; undefined for any other use. */
function quietAssignment(use: ts.Node): ts.Statement | undefined {
  const access = use.parent
  if (!ts.isPropertyAccessExpression(access) || access.expression.kind !== ts.SyntaxKind.ThisKeyword)
    return undefined
  const { parent } = access
  const isQuiet =
    ts.isBinaryExpression(parent) &&
    parent.left === access &&
    parent.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    isPure(parent.right)
  return isQuiet && ts.isExpressionStatement(parent.parent) && ts.isBlock(parent.parent.parent)
    ? parent.parent
    : undefined
}

/** A constructor that steps left empty. */
function constructorsOf(owner: ts.ClassLikeDeclaration, context: CleanupContext): Step[] {
  return owner.members.filter(ts.isConstructorDeclaration).flatMap((member): Step[] => {
    const { body, parameters } = member
    const path = owner.getSourceFile().fileName
    const isEmpty = body?.getText().slice(1, -1).trim() === ''
    const wasOurs = context.texts.originalText(path)?.includes(member.getText()) === true
    const hasModifier = (ts.getModifiers(member)?.length ?? 0) > 0
    if (!isEmpty || parameters.length > 0 || wasOurs || hasModifier) return []
    return [
      { kind: 'member', what: 'constructor', path, start: member.getStart(), edits: [removeLines(member)] },
    ]
  })
}

/** Parameters through which the old connection layer came in and that nothing reads any more. */
function parametersOf(
  owner: ts.FunctionDeclaration | ts.MethodDeclaration | ts.ConstructorDeclaration,
  context: CleanupContext,
): Step[] {
  return owner.parameters.flatMap((parameter): Step[] => {
    const { name } = parameter
    if (!ts.isIdentifier(name) || isRead(name, owner, context)) return []
    if (!isLegacyType(context.checker.getTypeAtLocation(parameter), context)) return []
    const edits = removeParameter(parameter, owner, context)
    const path = owner.getSourceFile().fileName
    return edits === undefined
      ? []
      : [{ kind: 'parameter', what: name.text, path, start: parameter.getStart(), edits }]
  })
}

/** A static or private method: no interface and no subclass asks for its parameters. */
function isFreeMethod(node: ts.Node): node is ts.MethodDeclaration {
  if (!ts.isMethodDeclaration(node) || !ts.isClassLike(node.parent)) return false
  return isPrivate(node) || node.modifiers?.some((one) => one.kind === ts.SyntaxKind.StaticKeyword) === true
}

function isRead(name: ts.Identifier, owner: ts.Node, context: CleanupContext): boolean {
  const { parent } = name
  const symbol = context.checker.getSymbolAtLocation(name)
  const isProperty = ts.isParameter(parent) && ts.isParameterPropertyDeclaration(parent, parent.parent)
  if (isProperty) {
    const isHidden =
      ts.getModifiers(parent)?.some((one) => one.kind === ts.SyntaxKind.PrivateKeyword) === true
    if (!isHidden || usesOf(name.text, parent, owner).length > 0) return true
  }
  return context
    .mentions(name.text)
    .some(
      (mention) =>
        mention !== name &&
        owner.pos <= mention.pos &&
        mention.end <= owner.end &&
        context.symbolOf(mention) === symbol,
    )
}
