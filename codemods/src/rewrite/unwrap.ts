import ts from 'typescript'
import type { Bracket } from '../analysis/connection/bracket'
import { isStatementList, isWithin, type StatementList } from '../analysis/connection/bracket'
import { declaredNames } from '../analysis/scope/bracket-obligations'
import { isFunctionWithBody, walk } from '../analysis/syntax/syntax'

/**
 * Whether the statements of the try block may join the statements around it. Every name that the block declares would be seen by
 * those, from the beginning on: a mention of an equal name there would mean another thing, or be an error.
 */
export function canMergeInto(bracket: Bracket, intoNewBlock: boolean): boolean {
  const names = new Set(namesJoining(bracket.tryStatement.tryBlock))
  if (names.size === 0) return true
  const around: readonly ts.Node[] = intoNewBlock
    ? [bracket.statement, ...bracket.gap]
    : [bracket.block, ...parametersOf(bracket.block)]
  return around.every((node) => !mentions(node, names, bracket.tryStatement.tryBlock))
}

function mentions(node: ts.Node, names: ReadonlySet<string>, but: ts.Node): boolean {
  let isFound = false
  walk(node, (inner) => {
    if (isWithin(inner, but)) return false
    if (ts.isIdentifier(inner) && names.has(inner.text) && !isPropertyName(inner)) isFound = true
    return undefined
  })
  return isFound
}

/** Whether the statements of a try block may stand where the try stands: no name collides, and no line joins another. */
export function canUnwrap(statement: ts.TryStatement, first: ts.Statement, last: ts.Statement): boolean {
  const { parent, tryBlock } = statement
  if (!isStatementList(parent)) return false
  const index = parent.statements.indexOf(statement)
  const before = parent.statements[index - 1]
  const behind = parent.statements[index + 1]
  if (before !== undefined && continues(before, first)) return false
  if (behind !== undefined && continues(last, behind)) return false
  const names = new Set(namesJoining(tryBlock))
  // All clauses of a switch share one scope.
  const around = ts.isCaseOrDefaultClause(parent) ? parent.parent : parent
  return (
    names.size === 0 || [around, ...parametersOf(parent)].every((node) => !mentions(node, names, tryBlock))
  )
}

/** Names of the block itself, and of brackets inside it that may be unwrapped in the same run. */
function namesJoining(block: ts.Block): readonly string[] {
  return block.statements.flatMap((statement) => [
    ...declaredNames(statement).map((name) => name.text),
    ...(ts.isTryStatement(statement) ? namesJoining(statement.tryBlock) : []),
  ])
}

/** Parameters and catch variables share the scope of the block they belong to. */
function parametersOf({ parent }: StatementList): readonly ts.Node[] {
  if (isFunctionWithBody(parent)) return [...parent.parameters]
  return ts.isCatchClause(parent) && parent.variableDeclaration !== undefined
    ? [parent.variableDeclaration]
    : []
}

function isPropertyName(identifier: ts.Identifier): boolean {
  const { parent } = identifier
  if (ts.isPropertyAccessExpression(parent)) return parent.name === identifier
  return (
    (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertySignature(parent)) &&
    parent.name === identifier
  )
}

/** Without semicolons a statement that begins with `(`, `[`, a template, `+`, `-`, `/` or `<` would continue the line before it. */
export function firstTokenContinues(bracket: Bracket): boolean {
  const before = bracket.gap.at(-1) ?? bracket.statement
  const [first] = bracket.tryStatement.tryBlock.statements
  return first !== undefined && continues(before, first)
}

/**
 * The same where the acquire goes too: what stood in front of it comes to stand in front of the block's first statement, and the last one
 * in front of what follows.
 */
export function joinsNeighbours({ block, statement, gap, tryStatement, following }: Bracket): boolean {
  const { statements } = tryStatement.tryBlock
  const [first, last] = [statements[0], statements.at(-1)]
  const before = gap.at(-1) ?? block.statements[block.statements.indexOf(statement) - 1]
  const [next] = following
  return (
    (before !== undefined && first !== undefined && continues(before, first)) ||
    (last !== undefined && next !== undefined && continues(last, next))
  )
}

/** Whether what stands behind an offset would be taken as a part of a call that ends there without a semicolon. */
export function continuesCall(text: string, end: number): boolean {
  const next = /^(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/.exec(text.slice(end))?.[0].length ?? 0
  return '([`+-/<*.,?%&|^='.includes(text[end + next] ?? ' ')
}

function continues(before: ts.Statement, next: ts.Statement): boolean {
  const { text } = before.getSourceFile()
  if (text[before.end - 1] === ';' || endsByItself(before)) return false
  return '([`+-/<'.includes(text[next.getStart()] ?? '')
}

/** A closing brace ends a block or a function, but not a statement whose last part is an object or a function expression. */
function endsByItself(statement: ts.Statement): boolean {
  const last = ts.isIfStatement(statement)
    ? (statement.elseStatement ?? statement.thenStatement)
    : ts.isLabeledStatement(statement) || ts.isIterationStatement(statement, false)
      ? statement.statement
      : undefined
  if (last !== undefined) return !ts.isDoStatement(statement) && endsByItself(last)
  return (
    ts.isBlock(statement) ||
    ts.isTryStatement(statement) ||
    ts.isSwitchStatement(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isEnumDeclaration(statement) ||
    ts.isModuleDeclaration(statement)
  )
}
