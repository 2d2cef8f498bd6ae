import ts from 'typescript'
import type { Bracket } from '../connection/bracket'
import { isWithin } from '../connection/bracket'
import { canBecomeCallback } from '../scope/completions'
import { commentsBetween } from '../syntax/comments'
import type { ConnectionUse } from '../connection/connection-uses'
import { isQuietTree } from '../connection/quiet'
import { enclosingFunction, outermost, unwrapExpression } from '../syntax/syntax'

/** BEGIN, work, COMMIT, and ROLLBACK with the same error when the work fails: what `withTransaction` does. */
export interface TransactionBracket {
  readonly begin: ts.Statement
  readonly commit: ts.Statement
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
  readonly readOnly?: boolean
}

const beginText = /^\s*(begin|start\s+transaction)(\s+(work|transaction))?([\s\S]*?);?\s*$/i
const commitText = /^\s*(commit|end)(\s+(work|transaction))?\s*;?\s*$/i
const rollbackText = /^\s*(rollback|abort)(\s+(work|transaction))?\s*;?\s*$/i
const anyBoundary =
  /^\s*(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release\s+savepoint|prepare\s+transaction)\b/i

/** The transaction of a bracket, when `withTransaction` is the same for every way its body can end. */
export function transactionOf(
  bracket: Bracket,
  uses: readonly ConnectionUse[],
  checker: ts.TypeChecker,
): TransactionBracket | undefined {
  const { catchClause, tryBlock } = bracket.tryStatement
  if (catchClause === undefined || !isRollbackAndRethrow(catchClause, bracket.name.text)) return undefined
  const { statements } = tryBlock
  // Only what the catch rolls back: a BEGIN in front of the try is the same, nothing else may stand there.
  const [first] = bracket.gap.length === 0 ? statements : bracket.gap
  const begin = first !== undefined && bracket.gap.length <= 1 ? beginOf(first, bracket.name.text) : undefined
  const commitAt = statements.findIndex((one) => isStatementOf(one, bracket.name.text, commitText))
  const commit = statements[commitAt]
  if (begin === undefined || commit === undefined) return undefined
  const work = statements.slice(bracket.gap.length === 0 ? 1 : 0, commitAt)
  if (!statements.slice(commitAt + 1).every(isQuietEnd)) return undefined
  const known = [begin.statement, commit, catchClause]
  const boundaries = uses.filter(
    (use) => isBoundary(use.node) && !known.some((one) => isWithin(use.node, one)),
  )
  if (boundaries.length > 0 || work.some(leavesEarly)) return undefined
  // The callback resolves with what is returned; what is returned before COMMIT there is evaluated before it here too.
  if (!canBecomeCallback(bracket, checker)) return undefined
  const lost = [begin.statement, commit, catchClause].some((one) => hasCommentsOnItsLines(one))
  return lost ? undefined : { ...begin, begin: begin.statement, commit }
}

function beginOf(
  statement: ts.Statement,
  name: string,
): (Omit<TransactionBracket, 'begin' | 'commit'> & { readonly statement: ts.Statement }) | undefined {
  const text = statementText(statement, name)
  const rest = text === undefined ? undefined : beginText.exec(text)?.[4]
  if (rest === undefined) return undefined
  const words = rest.toLowerCase().replaceAll(',', ' ').replace(/\s+/g, ' ').trim()
  const level = /^isolation level (read committed|repeatable read|serializable)/.exec(words)
  const access = (level === null ? words : words.slice(level[0].length)).trim()
  if (access !== '' && access !== 'read only' && access !== 'read write') return undefined
  return {
    statement,
    ...(level === null ? {} : { isolation: level[1] as NonNullable<TransactionBracket['isolation']> }),
    ...(access === '' ? {} : { readOnly: access === 'read only' }),
  }
}

/** `await connection.query('…')`, and its text. */
function statementText(statement: ts.Statement, name: string): string | undefined {
  if (!ts.isExpressionStatement(statement)) return undefined
  let expression = unwrapExpression(statement.expression)
  if (!ts.isAwaitExpression(expression)) return undefined
  expression = unwrapExpression(expression.expression)
  return queryText(expression, name)
}

function queryText(expression: ts.Expression, name: string): string | undefined {
  if (!ts.isCallExpression(expression) || expression.arguments.length !== 1) return undefined
  const callee = expression.expression
  if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== 'query') return undefined
  const owner = unwrapExpression(callee.expression)
  const [text] = expression.arguments
  return ts.isIdentifier(owner) && owner.text === name && text !== undefined && ts.isStringLiteralLike(text)
    ? text.text
    : undefined
}

function isStatementOf(statement: ts.Statement, name: string, text: RegExp): boolean {
  const found = statementText(statement, name)
  return found !== undefined && text.test(found)
}

/** `catch (e) { await c.query('ROLLBACK'); throw e }` and nothing else. */
function isRollbackAndRethrow({ block, variableDeclaration }: ts.CatchClause, name: string): boolean {
  const [rollback, rethrow, ...more] = block.statements
  if (rollback === undefined || rethrow === undefined || more.length > 0) return false
  if (variableDeclaration === undefined || !ts.isIdentifier(variableDeclaration.name)) return false
  return (
    isStatementOf(rollback, name, rollbackText) &&
    ts.isThrowStatement(rethrow) &&
    ts.isIdentifier(rethrow.expression) &&
    rethrow.expression.text === variableDeclaration.name.text
  )
}

/** What may stand behind COMMIT: nothing that could fail there and be rolled back, in the eyes of the old code. */
function isQuietEnd(statement: ts.Statement): boolean {
  return (
    ts.isReturnStatement(statement) &&
    (statement.expression === undefined || isQuietTree(statement.expression))
  )
}

/** Leaves the work without COMMIT: the old code gave an open transaction back. */
function leavesEarly(statement: ts.Statement): boolean {
  const owner = enclosingFunction(statement)
  const visit = (node: ts.Node): boolean => {
    if (ts.isReturnStatement(node)) return enclosingFunction(node) === owner
    return ts.forEachChild(node, (child) => (visit(child) ? true : undefined)) === true
  }
  return visit(statement)
}

function isBoundary(name: ts.Identifier): boolean {
  const access = name.parent
  if (!ts.isPropertyAccessExpression(access) || access.expression !== name) return false
  const call = access.parent
  if (!ts.isCallExpression(call) || outermost(access) !== call.expression) return false
  const [text] = call.arguments
  if (text === undefined || access.name.text !== 'query') return false
  return ts.isStringLiteralLike(text) && anyBoundary.test(text.text)
}

function hasCommentsOnItsLines(node: ts.Node): boolean {
  const sourceFile = node.getSourceFile()
  const rest = /^[^\r\n]*/.exec(sourceFile.text.slice(node.end))?.[0] ?? ''
  return commentsBetween(sourceFile, node.getFullStart(), node.end + rest.length).length > 0
}
