import ts from 'typescript'
import type { ConnectionUse } from './connection-uses'
import { isNullish } from './connection-uses'
import { outermost, unwrapExpression } from '../syntax/syntax'

/** The bracket around a connection: acquire statement, what stands in the gap, and the try whose finally gives it back. */
export interface Bracket {
  readonly statement: ts.VariableStatement
  readonly declaration: ts.VariableDeclaration
  readonly name: ts.Identifier
  /** The list of statements that holds the acquire and the try. */
  readonly block: StatementList
  readonly gap: readonly ts.Statement[]
  readonly tryStatement: ts.TryStatement
  readonly finallyBlock: ts.Block
  /** The call that gives it back, the only statement of the finally block. */
  readonly release: ts.CallExpression
  /** Statements behind the try in the same list. */
  readonly following: readonly ts.Statement[]
}

export type StatementList = ts.Block | ts.SourceFile | ts.CaseClause | ts.DefaultClause | ts.ModuleBlock

export type ReleaseUse = Extract<ConnectionUse, { kind: 'release' }>

/** The try statement behind the acquire whose finally block releases, whatever else stands in it. */
export interface TryAfterAcquire {
  readonly statement: ts.VariableStatement
  readonly block: StatementList
  readonly tryStatement: ts.TryStatement
  readonly gap: readonly ts.Statement[]
  readonly following: readonly ts.Statement[]
}

export function findTryAfter(
  declaration: ts.VariableDeclaration,
  releases: readonly ReleaseUse[],
): TryAfterAcquire | undefined {
  const statement = declaration.parent.parent
  if (!ts.isVariableStatement(statement) || !isStatementList(statement.parent)) return undefined
  const block = statement.parent
  const { statements } = block
  const start = statements.indexOf(statement)
  const end = statements.findIndex(
    (one, index) =>
      index > start &&
      ts.isTryStatement(one) &&
      releases.some((release) => isWithin(release.call, one.finallyBlock)),
  )
  const tryStatement = statements[end]
  if (end < 0 || tryStatement === undefined || !ts.isTryStatement(tryStatement)) return undefined
  return {
    statement,
    block,
    tryStatement,
    gap: statements.slice(start + 1, end),
    following: statements.slice(end + 1),
  }
}

/** The whole bracket, when the finally block does nothing but release, once. */
export function bracketOf(
  declaration: ts.VariableDeclaration,
  name: ts.Identifier,
  releases: readonly ReleaseUse[],
): Bracket | undefined {
  const found = findTryAfter(declaration, releases)
  const [release] = releases
  if (found === undefined || release === undefined || releases.length !== 1) return undefined
  const { finallyBlock } = found.tryStatement
  if (finallyBlock === undefined || !isOnlyRelease(finallyBlock, release, name.text)) return undefined
  if (found.statement.declarationList.declarations.length !== 1) return undefined
  return { ...found, declaration, name, finallyBlock, release: release.call }
}

/** `release(c)`, `await release(c)`, `c?.release()`, `if (c) release(c)`: and nothing beside it. */
function isOnlyRelease(block: ts.Block, release: ReleaseUse, name: string): boolean {
  const [statement] = block.statements
  if (block.statements.length !== 1 || statement === undefined) return false
  if (ts.isIfStatement(statement)) {
    if (statement.elseStatement !== undefined || !asksForConnection(statement.expression, name)) return false
    return ts.isBlock(statement.thenStatement)
      ? isOnlyRelease(statement.thenStatement, release, name)
      : isReleaseStatement(statement.thenStatement, release)
  }
  return isReleaseStatement(statement, release)
}

function isReleaseStatement(statement: ts.Statement, release: ReleaseUse): boolean {
  if (!ts.isExpressionStatement(statement)) return false
  let expression = unwrapExpression(statement.expression)
  if (ts.isVoidExpression(expression)) expression = unwrapExpression(expression.expression)
  if (ts.isAwaitExpression(expression)) expression = unwrapExpression(expression.expression)
  return expression === release.call || outermost(release.call) === expression
}

function asksForConnection(condition: ts.Expression, name: string): boolean {
  const bare = unwrapExpression(condition)
  if (ts.isIdentifier(bare)) return bare.text === name
  if (!ts.isBinaryExpression(bare) || !isNullish(bare.right)) return false
  const kind = bare.operatorToken.kind
  const isUnequal =
    kind === ts.SyntaxKind.ExclamationEqualsToken || kind === ts.SyntaxKind.ExclamationEqualsEqualsToken
  return isUnequal && bare.left.getText() === name
}

export function isStatementList(node: ts.Node): node is StatementList {
  return ts.isBlock(node) || ts.isSourceFile(node) || ts.isCaseOrDefaultClause(node) || ts.isModuleBlock(node)
}

export function isWithin(node: ts.Node, container: ts.Node | undefined): boolean {
  return (
    container !== undefined &&
    container.getSourceFile() === node.getSourceFile() &&
    container.pos <= node.pos &&
    node.end <= container.end
  )
}
