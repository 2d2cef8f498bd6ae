import ts from 'typescript'
import { isStatementList, isWithin, type StatementList } from '../connection/bracket'
import { hasEffect, isModuleItem } from '../scope/bracket-obligations'
import { guardOf, removableFlag } from './choice-guard'
import { choiceAround } from './choice-shape'
import { commentsBetween } from '../syntax/comments'
import { isBound } from './late-acquire'
import type { SiteFacts } from '../calls/site-facts'
import { isAssignmentOperator, walk } from '../syntax/syntax'

/**
 * A connection of one's own where none was given: `const c = given ?? (await acquire())`, and `if (!given) release(c)` in the finally block.
 * The scope holds one connection or none (`await using own = given ? null : await …`), and the choice takes it from there.
 */
export interface OwnedChoice {
  /** The variable that gets the connection. */
  readonly name: ts.Identifier
  /** What is asked for; a plain variable that nothing else assigns. */
  readonly given: ts.Identifier
  /** The statement that chooses. */
  readonly statement: ts.Statement
  /** `await acquire()` in it. */
  readonly taking: ts.AwaitExpression
  readonly block: StatementList
  readonly gap: readonly ts.Statement[]
  readonly tryStatement: ts.TryStatement
  readonly finallyBlock: ts.Block
  readonly following: readonly ts.Statement[]
  readonly wraps: boolean
  /** `const isOurs = !given`, when nothing but the release asks for it. */
  readonly flag?: ts.VariableStatement
}

export function findOwnedChoice(
  facts: SiteFacts,
  taking: ts.AwaitExpression,
  checker: ts.TypeChecker,
): OwnedChoice | undefined {
  const { binding } = facts
  const [release] = facts.releases
  if (!isBound(binding) || release === undefined || facts.releases.length !== 1) return undefined
  const choice = choiceAround(taking, binding.name)
  if (choice === undefined || !isStatementList(choice.statement.parent)) return undefined
  const { statement, given } = choice
  const block = choice.statement.parent
  const start = block.statements.indexOf(statement)
  const end = block.statements.findIndex(
    (one, index) => index > start && ts.isTryStatement(one) && isWithin(release.call, one.finallyBlock),
  )
  const tryStatement = block.statements[end]
  if (tryStatement === undefined || !ts.isTryStatement(tryStatement)) return undefined
  const { finallyBlock } = tryStatement
  const symbol = checker.getSymbolAtLocation(given)
  if (finallyBlock === undefined || symbol === undefined) return undefined
  if (isWrittenElsewhere(symbol, statement, facts.scope, checker)) return undefined
  const guard = guardOf(finallyBlock, release, { given, statement, name: binding.name, checker })
  if (guard === undefined) return undefined
  const gap = block.statements.slice(start + 1, end)
  const following = block.statements.slice(end + 1)
  const wraps = following.some(hasEffect) || ts.isCaseOrDefaultClause(block)
  const region = [statement, ...gap, tryStatement]
  if (wraps && (region.some(isModuleItem) || isSeenOutside(region, facts.scope, checker))) return undefined
  if (hasComments(finallyBlock, tryStatement) || hasComments(taking, taking)) return undefined
  const flag =
    guard.flag === undefined ? undefined : removableFlag(guard.flag, finallyBlock, facts.scope, checker)
  return {
    name: binding.name,
    given,
    statement,
    taking,
    block,
    gap,
    tryStatement,
    finallyBlock,
    following,
    wraps,
    ...(flag === undefined ? {} : { flag }),
  }
}

/** Whether anything but the choice itself gives the variable another value. */
function isWrittenElsewhere(
  symbol: ts.Symbol,
  statement: ts.Statement,
  scope: ts.Node,
  checker: ts.TypeChecker,
): boolean {
  const declaration = symbol.valueDeclaration
  if (declaration === undefined || !isWithin(declaration, scope)) return true
  let isWritten = false
  walk(scope, (node) => {
    const target =
      ts.isBinaryExpression(node) && isAssignmentOperator(node.operatorToken.kind) ? node.left : undefined
    if (target === undefined || isWithin(node, statement)) return undefined
    const visit = (inner: ts.Node): undefined => {
      if (ts.isIdentifier(inner) && checker.getSymbolAtLocation(inner) === symbol) isWritten = true
      return undefined
    }
    visit(target)
    walk(target, visit)
    return undefined
  })
  return isWritten
}

/** Whether a name that the statements declare is mentioned elsewhere. */
function isSeenOutside(region: readonly ts.Statement[], scope: ts.Node, checker: ts.TypeChecker): boolean {
  const isInside = (node: ts.Node): boolean => region.some((one) => isWithin(node, one))
  let isSeen = false
  walk(scope, (node) => {
    if (!ts.isIdentifier(node) || isInside(node)) return undefined
    const symbol = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node)
    if (symbol?.declarations?.some((declaration) => isInside(declaration)) === true) isSeen = true
    return undefined
  })
  return isSeen
}

function hasComments(node: ts.Node, tryStatement: ts.Node): boolean {
  const start = ts.isTryStatement(tryStatement)
    ? (tryStatement.catchClause ?? tryStatement.tryBlock).end
    : node.getStart()
  return commentsBetween(node.getSourceFile(), start, node.end).length > 0
}
