import ts from 'typescript'
import type { AcquireBinding } from '../connection/acquire-binding'
import { isStatementList, isWithin, type ReleaseUse } from '../connection/bracket'
import type { ConnectionUse } from '../connection/connection-uses'
import { commentsBetween } from '../syntax/comments'
import { isNullish } from '../connection/connection-uses'
import { isQuietTree } from '../connection/quiet'
import { asksFor, isRelease, isReleaseOnly } from '../connection/release-forms'
import { enclosingFunction, outermost } from '../syntax/syntax'
import type { SiteFacts } from '../calls/site-facts'
import { rethrowsWithout } from './without-connection'

/**
 * A connection that is taken behind its declaration: `let c; try { c = await acquire(); … } finally { if (c) release(c) }`, and the handle of
 * which only `open()` takes one. Three scopes are equal to that, each under its own conditions:
 *
 * - `unwrapped`: no catch, and the finally block only releases. The try goes away, the scope is its block.
 * - `hoisted`: the acquire is the first statement, and the catch clause does nothing but throw on where nothing was taken. The scope begins
 *   in front of the try, so that the clause still has the connection (ROLLBACK).
 * - `inside`: the catch clause does not mention the connection, and whether it runs before or behind the release cannot be told. The scope
 *   begins and ends inside the try, so that the clause still sees the acquire fail.
 */
export interface LateAcquire {
  readonly kind: 'unwrapped' | 'hoisted' | 'inside'
  readonly name: ts.Identifier
  /** What goes away: `let c`, or the getter of the handle. */
  readonly declaration: ts.VariableDeclaration
  /** The statement that takes the connection: a statement of the try block itself. */
  readonly taking: ts.ExpressionStatement
  readonly tryStatement: ts.TryStatement
  readonly finallyBlock: ts.Block
  /** The part of the finally block that goes away: all of it, or the statement that releases. */
  readonly released: ts.Block | ts.Statement
}

/** The scope that is equal, if one is; `taking` is the call or `await` that takes the connection. */
export function findLateScope(
  facts: SiteFacts,
  declaration: ts.VariableDeclaration,
  taking: ts.Expression,
  checker: ts.TypeChecker,
): LateAcquire | undefined {
  const { binding } = facts
  const [release] = facts.releases
  if (!isBound(binding) || release === undefined || facts.releases.length !== 1) return undefined
  const { name } = binding
  const statement = statementOf(taking)
  const tryStatement = statement?.parent.parent
  if (statement === undefined || tryStatement === undefined || !ts.isTryStatement(tryStatement))
    return undefined
  const { tryBlock, catchClause, finallyBlock } = tryStatement
  if (statement.parent !== tryBlock || finallyBlock === undefined) return undefined
  if (!isRemovable(declaration, checker)) return undefined
  const released = releasedPart(finallyBlock, release, name.text)
  if (released === undefined) return undefined
  if (!isOwnOf(facts.uses, { declaration, statement, tryStatement, released })) return undefined
  const lost = [
    [declaration.parent, declaration.parent.getStart(), declaration.parent.end],
    [statement, statement.getStart(), statement.end],
    [released, startOfGone(tryStatement, released), released.end],
  ] as const
  if (lost.some(([node, start, end]) => commentsBetween(node.getSourceFile(), start, end).length > 0))
    return undefined
  const late = { name, declaration, taking: statement, tryStatement, finallyBlock, released }
  if (catchClause === undefined)
    return released === finallyBlock ? { ...late, kind: 'unwrapped' } : { ...late, kind: 'inside' }
  const isFirst = tryBlock.statements[0] === statement
  if (
    isFirst &&
    released === finallyBlock &&
    isStatementList(tryStatement.parent) &&
    rethrowsWithout(catchClause, name.text, checker)
  )
    return { ...late, kind: 'hoisted' }
  const isUsed = facts.uses.some((use) => isWithin(use.node, catchClause))
  return !isUsed && isQuietTree(catchClause.block) ? { ...late, kind: 'inside' } : undefined
}

/** Where the text begins that goes with the release: `finally` belongs to its block. */
function startOfGone({ tryBlock, catchClause, finallyBlock }: ts.TryStatement, released: ts.Node): number {
  return released === finallyBlock ? (catchClause ?? tryBlock).end : released.getStart()
}

export function isBound(
  binding: AcquireBinding,
): binding is Extract<AcquireBinding, { readonly name: ts.Identifier }> {
  return binding.kind === 'declared' || binding.kind === 'assigned'
}

/** The statement that is nothing but this: `c = await acquire()`, `await c.open()`. */
function statementOf(taking: ts.Expression): ts.ExpressionStatement | undefined {
  let value = outermost(taking)
  if (ts.isBinaryExpression(value.parent) && value.parent.right === value) {
    if (value.parent.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return undefined
    // A cast of the old type would stand between the scope and its connection.
    if (value !== taking && !ts.isParenthesizedExpression(value)) return undefined
    value = value.parent
  }
  return ts.isExpressionStatement(value.parent) ? value.parent : undefined
}

/** All of the finally block, or its first statement. */
function releasedPart(
  block: ts.Block,
  release: ReleaseUse,
  name: string,
): ts.Block | ts.Statement | undefined {
  const isAsked = (condition: ts.Expression): boolean => asksFor(condition, name)
  if (isReleaseOnly(block, release, isAsked)) return block
  const [first] = block.statements
  return first !== undefined && isRelease(first, release, isAsked) ? first : undefined
}

interface Places {
  readonly declaration: ts.VariableDeclaration
  readonly statement: ts.Statement
  readonly tryStatement: ts.TryStatement
  readonly released: ts.Node
}

/** Whether every mention is behind the acquire in the try block, in the catch clause, or goes away. */
function isOwnOf(uses: readonly ConnectionUse[], places: Places): boolean {
  const { statement, tryStatement, released } = places
  return uses.every((use) => {
    if (isWithin(use.node, statement) || isWithin(use.node, released)) return true
    if (use.kind === 'write') return false
    if (isWithin(use.node, tryStatement.catchClause)) return true
    return isWithin(use.node, tryStatement.tryBlock) && use.node.pos >= statement.end
  })
}

/** A declaration of the same function whose statement can go: `let c`, `let c = null`, or the getter of a handle. */
function isRemovable(declaration: ts.VariableDeclaration, checker: ts.TypeChecker): boolean {
  const list = declaration.parent
  if (!ts.isVariableDeclarationList(list) || !ts.isVariableStatement(list.parent)) return false
  if ((list.flags & ts.NodeFlags.Using) !== 0 || list.parent.modifiers !== undefined) return false
  if (!isStatementList(list.parent.parent) || !ts.isIdentifier(declaration.name)) return false
  // A name that is declared twice (`var`) has another declaration somewhere.
  return checker.getSymbolAtLocation(declaration.name)?.declarations?.length === 1
}

/** `let c` of the same function that an assignment gives the connection to. */
export function ownDeclaration(
  name: ts.Identifier,
  checker: ts.TypeChecker,
): ts.VariableDeclaration | undefined {
  const declaration = checker.getSymbolAtLocation(name)?.valueDeclaration
  if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return undefined
  return enclosingFunction(declaration) === enclosingFunction(name) ? declaration : undefined
}

/** `let c`, `let c = null` */
export function startsEmpty({ initializer }: ts.VariableDeclaration): boolean {
  return initializer === undefined || isNullish(initializer)
}
