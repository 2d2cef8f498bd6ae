import ts from 'typescript'
import type { ReasonCode } from '../../model/site'
import type { Bracket } from '../connection/bracket'
import { isWithin } from '../connection/bracket'
import type { ConnectionUse } from '../connection/connection-uses'
import { commentsBetween } from '../syntax/comments'
import type { ScopePlan } from './scope'
import { walk } from '../syntax/syntax'

export interface Obstacle {
  readonly reason: ReasonCode
  readonly node: ts.Node
  readonly note: string
}

/** The obligations of a bracket that no path can answer: where names are seen, and what would get lost. */
export function bracketObstacle(
  bracket: Bracket,
  uses: readonly ConnectionUse[],
  checker: ts.TypeChecker,
): Obstacle | undefined {
  const { statement } = bracket
  if (statement.modifiers !== undefined && statement.modifiers.length > 0) {
    return { reason: 'unsupported-shape', node: statement, note: 'an exported variable cannot be scoped' }
  }
  const exported = mustWrap(bracket) ? bracket.gap.find(isModuleItem) : undefined
  if (exported !== undefined)
    return { reason: 'unsupported-shape', node: exported, note: 'cannot stand in a block' }
  const outside = uses.find((use) => !isInRegion(use.node, bracket))
  if (outside !== undefined)
    return { reason: 'use-after-release', node: outside.node, note: 'mentioned outside its bracket' }
  if (mustWrap(bracket)) {
    const seen = nameSeenOutside(bracket, checker)
    if (seen !== undefined) {
      return {
        reason: 'held-longer',
        node: seen,
        note: 'declared while the connection is held, and used after its release',
      }
    }
  }
  const lost = commentThatWouldBeLost(bracket)
  if (lost !== undefined)
    return { reason: 'comments', node: lost, note: 'a comment in what goes away would be lost' }
  return undefined
}

/** Imports and exports stand at the top of a module and nowhere else. */
export function isModuleItem(statement: ts.Statement): boolean {
  return (
    ts.isImportDeclaration(statement) ||
    ts.isImportEqualsDeclaration(statement) ||
    ts.isExportDeclaration(statement) ||
    ts.isExportAssignment(statement) ||
    (ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some((one) => one.kind === ts.SyntaxKind.ExportKeyword) === true)
  )
}

/** The part with a comment in it, among those that no style keeps. */
function commentThatWouldBeLost(bracket: Bracket): ts.Node | undefined {
  const { statement, tryStatement, finallyBlock } = bracket
  const { tryBlock, catchClause } = tryStatement
  const parts: readonly (readonly [ts.Node, number, number])[] = [
    [statement, statement.getStart(), statement.end],
    [tryStatement, tryStatement.getStart(), tryBlock.getStart()],
    [finallyBlock, (catchClause ?? tryBlock).end, tryStatement.end],
  ]
  return parts.find(
    ([, start, end]) => commentsBetween(statement.getSourceFile(), start, end).length > 0,
  )?.[0]
}

/** Whether the scope must end before the surrounding block does: something follows, or the block is a `case`. */
export function mustWrap(bracket: Bracket): boolean {
  return bracket.following.some(hasEffect) || ts.isCaseOrDefaultClause(bracket.block)
}

/** Declarations that exist before the code runs have no moment at which they run. */
export function hasEffect(statement: ts.Statement): boolean {
  return (
    !ts.isFunctionDeclaration(statement) &&
    !ts.isInterfaceDeclaration(statement) &&
    !ts.isTypeAliasDeclaration(statement)
  )
}

/** A name of the gap that something outside the bracket mentions. */
export function nameSeenOutside(bracket: Bracket | ScopePlan, checker: ts.TypeChecker): ts.Node | undefined {
  const declared = new Set<ts.Symbol>()
  for (const statement of 'region' in bracket ? bracket.region : bracket.gap) {
    for (const name of declaredNames(statement)) {
      const symbol = checker.getSymbolAtLocation(name)
      if (symbol !== undefined) declared.add(symbol)
    }
  }
  if (declared.size === 0) return undefined
  let seen: ts.Node | undefined
  walk(bracket.block.parent, (node) => {
    if (seen !== undefined || !ts.isIdentifier(node) || isInRegion(node, bracket)) return undefined
    const symbol = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node)
    if (symbol !== undefined && declared.has(symbol)) seen = node
    return undefined
  })
  return seen
}

/** Names that a statement declares in its own block. */
export function declaredNames(statement: ts.Statement): readonly ts.Identifier[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap((declaration) => boundNames(declaration.name))
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
    return statement.name === undefined ? [] : [statement.name]
  if (
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement)
  )
    return [statement.name]
  return []
}

function boundNames(name: ts.BindingName): readonly ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name]
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []))
}

function isInRegion(node: ts.Node, bracket: Bracket | ScopePlan): boolean {
  const statements =
    'region' in bracket ? bracket.region : [bracket.statement, ...bracket.gap, bracket.tryStatement]
  return statements.some((statement) => isWithin(node, statement))
}
