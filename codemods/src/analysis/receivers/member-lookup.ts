import ts from 'typescript'
import { unwrapExpression } from '../syntax/syntax'
import { maxDepth, type FactSource } from './type-fact'

/** The declaration of a member: of a class or interface and what it inherits, of an object, among the exports of a module. */
export function findMember(
  declaration: ts.Node,
  name: string,
  facts: FactSource,
  depth: number,
): ts.Node | undefined {
  if (ts.isSourceFile(declaration)) return exportOf(declaration, name, facts, depth)
  if (ts.isObjectLiteralExpression(declaration))
    return declaration.properties.find((property) => property.name?.getText() === name)
  if (
    !ts.isClassLike(declaration) &&
    !ts.isInterfaceDeclaration(declaration) &&
    !ts.isTypeLiteralNode(declaration)
  )
    return undefined
  const own = (declaration.members as ts.NodeArray<ts.ClassElement | ts.TypeElement>).find(
    (member) => member.name?.getText() === name,
  )
  if (own !== undefined) return own
  if (ts.isClassLike(declaration)) {
    const constructor = declaration.members.find(ts.isConstructorDeclaration)
    const parameter = constructor?.parameters.find(
      (one) => ts.isParameterPropertyDeclaration(one, one.parent) && one.name.getText() === name,
    )
    if (parameter !== undefined) return parameter
    const [assigned] = facts.assignments.toField(declaration, name)
    if (assigned !== undefined) return assigned
  }
  if (depth > maxDepth) return undefined
  for (const parent of facts.parentsOf(declaration)) {
    const inherited =
      parent.kind === 'declared' ? findMember(parent.declaration, name, facts, depth + 1) : undefined
    if (inherited !== undefined) return inherited
  }
  return undefined
}

function exportOf(file: ts.SourceFile, name: string, facts: FactSource, depth: number): ts.Node | undefined {
  const { checker } = facts
  const symbol = checker.getSymbolAtLocation(file)
  const exported = symbol && checker.getExportsOfModule(symbol).find((one) => one.name === name)
  const declared = facts.resolveAlias(exported)?.declarations?.[0] ?? exported?.declarations?.[0]
  if (declared !== undefined && !isAssignmentTarget(declared)) return declared
  const [assigned] = facts.assignments.toExports(file, name)
  if (assigned !== undefined) return assigned
  const [whole] = facts.assignments.toExports(file, undefined)
  if (whole === undefined || depth > maxDepth) return undefined
  const object = unwrapExpression(whole)
  return ts.isObjectLiteralExpression(object) ? findMember(object, name, facts, depth + 1) : undefined
}

/** `exports.pool = …` declares nothing that could be followed; its value does. */
function isAssignmentTarget(declaration: ts.Node): boolean {
  return ts.isPropertyAccessExpression(declaration) || ts.isBinaryExpression(declaration)
}
