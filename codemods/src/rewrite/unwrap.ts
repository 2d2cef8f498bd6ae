import { ts } from 'ts-morph'
import type { Bracket } from '../analysis/bracket'
import { isWithin } from '../analysis/bracket'
import { declaredNames } from '../analysis/bracket-obligations'
import { isFunctionWithBody, walk } from '../analysis/syntax'

/**
 * Whether the statements of the try block may join the statements around it. Every name that the block declares would be seen by
 * those, from the beginning on: a mention of an equal name there would mean another thing, or be an error.
 */
export function canMergeInto(bracket: Bracket, intoNewBlock: boolean): boolean {
  const names = new Set(namesJoining(bracket.tryStatement.tryBlock))
  if (names.size === 0) return true
  const around: readonly ts.Node[] = intoNewBlock
    ? [bracket.statement, ...bracket.gap]
    : [bracket.block, ...parametersAround(bracket)]
  let isFree = true
  for (const node of around) {
    walk(node, (inner) => {
      if (isWithin(inner, bracket.tryStatement.tryBlock)) return false
      if (ts.isIdentifier(inner) && names.has(inner.text) && !isPropertyName(inner)) isFree = false
      return undefined
    })
  }
  return isFree
}

/** Names of the block itself, and of brackets inside it that may be unwrapped in the same run. */
function namesJoining(block: ts.Block): readonly string[] {
  return block.statements.flatMap((statement) => [
    ...declaredNames(statement).map((name) => name.text),
    ...(ts.isTryStatement(statement) ? namesJoining(statement.tryBlock) : []),
  ])
}

/** Parameters and catch variables share the scope of the block they belong to. */
function parametersAround(bracket: Bracket): readonly ts.Node[] {
  const { parent } = bracket.block
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
  const { text } = bracket.statement.getSourceFile()
  const before = bracket.gap.at(-1) ?? bracket.statement
  const first = bracket.tryStatement.tryBlock.statements[0]?.getStart()
  if (first === undefined || text[before.end - 1] === ';' || endsByItself(before)) return false
  return '([`+-/<'.includes(text[first] ?? '')
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
