import ts from 'typescript'
import type { FileAnalysis } from '../analysis/analyze-package'
import { isJavaScript } from '../analysis/judge/judge-site'
import { isConnectionsModule } from '../analysis/connection/connections-reference'
import { isFunctionWithBody, walk } from '../analysis/syntax/syntax'
import type { RewriteTarget } from '../model/target'
import { collides } from './collision'

/** The target with the way to the service that a call site has: the first of the preferred ones that it knows, else the common one. */
export function targetAt(
  call: ts.CallExpression,
  analysis: FileAnalysis,
  target: RewriteTarget,
): RewriteTarget {
  const { preferred = [], ...common } = target.connections
  const inScope = preferred.map((expression): RewriteTarget => {
    return { ...target, connections: { kind: 'expression', expression } }
  })
  const known = inScope.find((one) => !collides(call, analysis, one) && isKnown(call, analysis, one))
  return known ?? { ...target, connections: common }
}

/** Whether each name of the expression is declared where the call stands, as far as its types are known. */
function isKnown(
  call: ts.CallExpression,
  { checker }: FileAnalysis,
  { connections }: RewriteTarget,
): boolean {
  if (connections.kind === 'import') return true
  const [root = '', ...members] = connections.expression.split(/\??\./)
  let type = root === 'this' ? typeOfThis(call, checker) : typeOfName(root, call, checker)
  for (const name of members) {
    if (type === undefined || (type.flags & ts.TypeFlags.Any) !== 0) break
    const member = checker.getPropertyOfType(checker.getNonNullableType(type), name)
    type = member && checker.getTypeOfSymbolAtLocation(member, call)
  }
  return type !== undefined
}

function typeOfThis(call: ts.CallExpression, checker: ts.TypeChecker): ts.Type | undefined {
  const owner = ts.findAncestor(call, ts.isClassLike)
  return owner && checker.getTypeAtLocation(owner)
}

function typeOfName(name: string, call: ts.CallExpression, checker: ts.TypeChecker): ts.Type | undefined {
  const symbol = checker.resolveName(name, call, ts.SymbolFlags.Value, false)
  const declaration = symbol?.valueDeclaration
  const isLater =
    declaration !== undefined &&
    declaration.pos > call.pos &&
    ts.findAncestor(declaration, isFunctionWithBody) === ts.findAncestor(call, isFunctionWithBody)
  return symbol === undefined || isLater ? undefined : checker.getTypeOfSymbolAtLocation(symbol, call)
}

/**
 * Whether the configured expression is nothing that this place knows. TypeScript files are left to the compiler, which says so better;
 * nobody compiles JavaScript, so there the name must be declared around the call, or be a member of the class.
 */
export function isOutOfReach(
  call: ts.CallExpression,
  { checker, packagePath, source }: FileAnalysis,
  { connections }: RewriteTarget,
): boolean {
  const isUnknown = (name: string): boolean =>
    checker.resolveName(name, call, ts.SymbolFlags.Value, false) === undefined
  // The module of the service imports nothing from itself: there the name is its own, or another's that it only hands on.
  if (connections.kind === 'import')
    return isConnectionsModule(connections, packagePath, source.path) && isUnknown(connections.name)
  if (!isJavaScript(call)) return false
  const [root = '', member = ''] = connections.expression.split(/[.?!([]+/)
  if (root !== 'this') return root !== 'globalThis' && isUnknown(root)
  const owner = ts.findAncestor(call, ts.isClassLike)
  if (owner === undefined || member === '') return false
  // What a class inherits is declared elsewhere.
  return owner.heritageClauses === undefined && !hasMember(owner, member)
}

function hasMember(owner: ts.ClassLikeDeclaration, name: string): boolean {
  let isFound = owner.members.some((one) => one.name?.getText() === name)
  walk(owner, (node) => {
    if (
      ts.isBinaryExpression(node) &&
      ts.isPropertyAccessExpression(node.left) &&
      node.left.expression.kind === ts.SyntaxKind.ThisKeyword &&
      node.left.name.text === name
    )
      isFound = true
    return undefined
  })
  return isFound
}
