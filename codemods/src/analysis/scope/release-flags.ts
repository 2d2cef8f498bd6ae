import ts from 'typescript'
import { isStatementList, isWithin } from '../connection/bracket'
import { literalTruth } from '../paths/path-facts'
import type { ReleasePoint } from '../connection/release-points'
import { isQuietTree } from '../connection/quiet'
import { isAssignmentOperator, walk } from '../syntax/syntax'

/** Conditions in front of a release that vanish with it: `if (!released) release(c)`. */
export function guardsOf(point: ReleasePoint): readonly ts.Expression[] {
  const guards: ts.Expression[] = []
  const { statement } = point
  if (statement === undefined || point.told.kind !== 'nothing') return guards
  if (ts.isBinaryExpression(statement.expression)) guards.push(statement.expression.left)
  let inner: ts.Statement = statement
  for (;;) {
    const outer = isOnlyStatement(inner) ? inner.parent : inner
    const { parent } = outer
    if (!ts.isIfStatement(parent) || parent.elseStatement !== undefined || !isQuietTree(parent.expression))
      return guards
    guards.push(parent.expression)
    inner = parent
  }
}

function isOnlyStatement(statement: ts.Statement): statement is ts.Statement & { readonly parent: ts.Block } {
  return ts.isBlock(statement.parent) && statement.parent.statements.length === 1
}

/** Declarations and assignments of variables that nothing asks for but the guards of releases. */
export function findFlags(
  points: readonly ReleasePoint[],
  scope: ts.Node,
  checker: ts.TypeChecker,
): readonly ts.Statement[] {
  const guards = points.flatMap(guardsOf)
  const flags = new Map<ts.Symbol, ts.Statement[] | undefined>()
  for (const guard of guards) {
    const note = (node: ts.Node): undefined => {
      const symbol = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined
      if (symbol !== undefined && isPlainFlag(symbol, scope)) flags.set(symbol, [])
      return undefined
    }
    note(guard)
    walk(guard, note)
  }
  if (flags.size === 0) return []
  walk(scope, (node) => {
    if (!ts.isIdentifier(node)) return undefined
    const symbol = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node)
    if (symbol === undefined || !flags.has(symbol) || guards.some((guard) => isWithin(node, guard)))
      return undefined
    const found = flags.get(symbol)
    const statement = flagStatement(node)
    // Somebody else asks for it: everything about it stays.
    if (statement === undefined) flags.set(symbol, undefined)
    else found?.push(statement)
    return undefined
  })
  return [...flags.values()].flatMap((statements) => statements ?? [])
}

function isPlainFlag(symbol: ts.Symbol, scope: ts.Node): boolean {
  const [declaration] = symbol.declarations ?? []
  return (
    declaration !== undefined &&
    ts.isVariableDeclaration(declaration) &&
    isWithin(declaration, scope) &&
    (declaration.initializer === undefined || literalTruth(declaration.initializer) !== undefined)
  )
}

/** `let released = false`, `released = true` */
function flagStatement(name: ts.Identifier): ts.Statement | undefined {
  const { parent } = name
  if (ts.isVariableDeclaration(parent) && parent.name === name) {
    const list = parent.parent
    if (!ts.isVariableDeclarationList(list) || list.declarations.length !== 1) return undefined
    const statement = list.parent
    if (!ts.isVariableStatement(statement) || !isStatementList(statement.parent)) return undefined
    return statement.modifiers === undefined ? statement : undefined
  }
  const isWrite =
    ts.isBinaryExpression(parent) &&
    parent.left === name &&
    isAssignmentOperator(parent.operatorToken.kind) &&
    literalTruth(parent.right) !== undefined
  const statement = parent.parent
  return isWrite && ts.isExpressionStatement(statement) && isStatementList(statement.parent)
    ? statement
    : undefined
}
