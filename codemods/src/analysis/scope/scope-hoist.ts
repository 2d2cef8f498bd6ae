import ts from 'typescript'
import type { StatementList } from '../connection/bracket'
import { isWithin } from '../connection/bracket'
import { declaredNames, type Obstacle } from './bracket-obligations'
import { isNullish } from '../connection/connection-uses'
import { isQuietTree } from '../connection/quiet'
import type { Hoist } from './scope'
import { enclosingFunction, isFunctionWithBody, walk } from '../syntax/syntax'

export type HoistAnswer = { readonly hoists: readonly Hoist[] } | { readonly obstacle: Obstacle }

/** What must be declared in front of a block around these statements because the code behind it mentions it. */
export function hoistFor(
  region: readonly ts.Statement[],
  block: StatementList,
  checker: ts.TypeChecker,
): HoistAnswer {
  const hoists: Hoist[] = []
  for (const statement of region.slice(1)) {
    const names = declaredNames(statement)
    const seen = mentionsOutside(names, region, block, checker)
    const [first] = seen
    if (first === undefined || isVar(statement)) continue
    const hoist = hoistOf(statement, names)
    const isCaptured = seen.some((node) => enclosingFunction(node) !== enclosingFunction(statement))
    // TypeScript infers the type of a variable without one from its assignments, but not for a function inside.
    const isUntyped = hoist?.kind === 'assigned' && hoist.declaration.type === undefined
    if (hoist === undefined || (isCaptured && isUntyped)) return outlives(first)
    hoists.push(hoist)
  }
  return { hoists }
}

function hoistOf(statement: ts.Statement, names: readonly ts.Identifier[]): Hoist | undefined {
  if (!ts.isVariableStatement(statement)) return undefined
  const { declarations, flags } = statement.declarationList
  if ((flags & ts.NodeFlags.Using) !== 0 || (flags & ts.NodeFlags.BlockScoped) === 0) return undefined
  if (statement.modifiers !== undefined && statement.modifiers.length > 0) return undefined
  if (declarations.every(({ initializer }) => asksNothing(initializer)) && !hasLeadingComment(statement))
    return { kind: 'moved', statement }
  const [declaration] = declarations
  if (declaration?.initializer === undefined || declarations.length !== 1) return undefined
  if (declaration.type !== undefined && !ts.isIdentifier(declaration.name)) return undefined
  return { kind: 'assigned', statement, declaration, names: names.map((name) => name.text) }
}

/** Literals, and what is made of them: the same wherever it is evaluated. */
function asksNothing(value: ts.Expression | undefined): boolean {
  if (value === undefined) return true
  if (!isQuietTree(value) || isFunctionWithBody(value)) return false
  let asks = ts.isIdentifier(value) && !isNullish(value)
  walk(value, (node) => {
    if (ts.isTypeNode(node)) return false
    if (isFunctionWithBody(node) || node.kind === ts.SyntaxKind.ThisKeyword) asks = true
    if (ts.isIdentifier(node) && !isNullish(node) && !isBuiltIn(node)) asks = true
    return undefined
  })
  return !asks
}

/** `new Map()`, and the names of properties in a literal. */
function isBuiltIn(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isNewExpression(parent)) return parent.expression === node
  return ts.isPropertyAssignment(parent) && parent.name === node
}

function hasLeadingComment(statement: ts.Statement): boolean {
  const { text } = statement.getSourceFile()
  return (ts.getLeadingCommentRanges(text, statement.pos) ?? []).length > 0
}

function isVar(statement: ts.Statement): boolean {
  return (
    ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.BlockScoped) === 0
  )
}

function mentionsOutside(
  names: readonly ts.Identifier[],
  region: readonly ts.Statement[],
  block: StatementList,
  checker: ts.TypeChecker,
): readonly ts.Node[] {
  const symbols = new Set(names.map((name) => checker.getSymbolAtLocation(name)))
  const texts = new Set(names.map((name) => name.text))
  const seen: ts.Node[] = []
  if (texts.size === 0) return seen
  walk(block.parent, (node) => {
    if (!ts.isIdentifier(node) || !texts.has(node.text)) return undefined
    if (region.some((statement) => isWithin(node, statement))) return undefined
    const symbol = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node)
    if (symbol !== undefined && symbols.has(symbol)) seen.push(node)
    return undefined
  })
  return seen
}

function outlives(node: ts.Node): HoistAnswer {
  const note = 'declared while the connection is held, and used after its release'
  return { obstacle: { reason: 'held-longer', node, note } }
}
