import { ts } from 'ts-morph'
import type { FileAnalysis } from '../analysis/analyze-package'
import { isJavaScript } from '../analysis/judge-site'
import { walk } from '../analysis/syntax'
import type { RewriteTarget } from '../model/target'

/**
 * Whether the configured expression is nothing that this place knows. TypeScript files are left to the compiler, which says so better;
 * nobody compiles JavaScript, so there the name must be declared around the call, or be a member of the class.
 */
export function isOutOfReach(
  call: ts.CallExpression,
  { checker }: FileAnalysis,
  { connections }: RewriteTarget,
): boolean {
  if (connections.kind === 'import' || !isJavaScript(call)) return false
  const [root = '', member = ''] = connections.expression.split(/[.?!([]+/)
  if (root !== 'this')
    return root !== 'globalThis' && checker.resolveName(root, call, ts.SymbolFlags.Value, false) === undefined
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
