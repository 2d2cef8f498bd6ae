import ts from 'typescript'
import { outermost } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isPassedOn } from './context'
import { isPublic } from './exported-names'
import { isStaticAccess } from './facade-values'
import { isPure, removeElement } from './removal'
import { refusalAt, type FileEdit } from './step'

type Owner = ts.FunctionDeclaration | ts.MethodDeclaration | ts.ConstructorDeclaration

/** A parameter with the argument at every call; undefined when a call cannot be seen or changed. */
export function removeParameter(
  parameter: ts.ParameterDeclaration,
  owner: Owner,
  context: CleanupContext,
): readonly FileEdit[] | undefined {
  const index = owner.parameters.indexOf(parameter)
  const callable = ts.isConstructorDeclaration(owner) ? owner.parent : owner
  const { name } = callable
  if (name === undefined || !ts.isIdentifier(name) || hasOverloads(owner)) return undefined
  const edits = [removeElement(parameter, owner.parameters)]
  const isCallee = (mention: ts.Identifier): boolean =>
    !isPassedOn(mention) &&
    !isTypeUse(mention) &&
    !(ts.isConstructorDeclaration(owner) && isStaticAccess(mention))
  const uses = context.references(name).filter(isCallee)
  for (const use of uses) {
    if (isInside(use, callable) && !isCalled(use)) return undefined
    const call = callOf(use, ts.isConstructorDeclaration(owner))
    if (call === undefined) return undefined
    const argumentsOf = call.arguments ?? []
    const argument = argumentsOf[index]
    if (argumentsOf.slice(0, index + 1).some(ts.isSpreadElement)) return undefined
    if (argument === undefined) continue
    if (!isPure(argument)) return undefined
    if (!context.isEditable(call.getSourceFile())) {
      context.refusals.push(refusalAt(call, 'other-package', `a call of ${name.text}`))
      return undefined
    }
    edits.push(removeElement(argument, argumentsOf))
  }
  if (isPublic({ name, declaration: callable }, context)) return undefined
  return edits
}

function hasOverloads(owner: Owner): boolean {
  if (ts.isConstructorDeclaration(owner))
    return owner.parent.members.filter(ts.isConstructorDeclaration).length > 1
  const { parent, name } = owner
  if (ts.isClassLike(parent))
    return parent.members.filter((one) => one.name?.getText() === name?.getText()).length > 1
  return (
    (ts.isSourceFile(parent) || ts.isBlock(parent)) &&
    parent.statements.filter((one) => ts.isFunctionDeclaration(one) && one.name?.text === name?.getText())
      .length > 1
  )
}

function isTypeUse(mention: ts.Identifier): boolean {
  return ts.isTypeReferenceNode(mention.parent) || ts.isQualifiedName(mention.parent)
}

function isInside(use: ts.Node, owner: ts.Node): boolean {
  return use.getSourceFile() === owner.getSourceFile() && owner.pos <= use.pos && use.end <= owner.end
}

function isCalled(use: ts.Identifier): boolean {
  return callOf(use, true) !== undefined || callOf(use, false) !== undefined
}

/** The `new X(…)` or `x(…)` that a use is the callee of. */
function callOf(
  use: ts.Identifier,
  isConstructor: boolean,
): ts.NewExpression | ts.CallExpression | undefined {
  const access = ts.isPropertyAccessExpression(use.parent) && use.parent.name === use ? use.parent : use
  const callee = outermost(access)
  const { parent } = callee
  if (isConstructor) return ts.isNewExpression(parent) && parent.expression === callee ? parent : undefined
  return ts.isCallExpression(parent) && parent.expression === callee ? parent : undefined
}
