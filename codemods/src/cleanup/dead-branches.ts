import ts from 'typescript'
import { walk } from '../analysis/syntax/syntax'
import { isPure, removeLines } from './removal'
import { editOf, type FileEdit } from './step'

/** An `if` whose condition is known: the branch that lives takes its place, what can no longer be reached goes with it. */
export function foldIf(statement: ts.IfStatement, value: boolean): readonly FileEdit[] {
  const kept = value ? statement.thenStatement : statement.elseStatement
  const { parent } = statement
  if (ts.isIfStatement(parent) && parent.elseStatement === statement) {
    const { fileName } = statement.getSourceFile()
    return kept === undefined
      ? [{ path: fileName, start: parent.thenStatement.end, end: statement.end, text: '' }]
      : [editOf(statement, textOf(kept))]
  }
  const list = listOf(statement)
  if (list === undefined) return [editOf(statement, kept === undefined ? '{}' : textOf(kept))]
  if (kept === undefined || isEmpty(kept)) return [removeWithEmptied(statement)]
  return [editOf(statement, contentOfBranch(kept, statement)), ...unreachableAfter(statement, kept, list)]
}

function isEmpty(branch: ts.Statement): boolean {
  return ts.isBlock(branch) && branch.getText().slice(1, -1).trim() === ''
}

/** The statements that a statement stands among. */
function listOf({ parent }: ts.Node): readonly ts.Statement[] | undefined {
  return ts.isBlock(parent) ||
    ts.isSourceFile(parent) ||
    ts.isModuleBlock(parent) ||
    ts.isCaseOrDefaultClause(parent)
    ? parent.statements
    : undefined
}

/** A statement, and the `if`, `else` or `try` around it when it was all that this one did. */
export function removeWithEmptied(statement: ts.Statement): FileEdit {
  const { parent: block } = statement
  if (ts.isIfStatement(block)) {
    const isWhole =
      block.elseStatement === undefined && isPure(block.expression) && listOf(block) !== undefined
    return isWhole ? removeWithEmptied(block) : editOf(statement, '{}')
  }
  const isAlone =
    ts.isBlock(block) &&
    block.statements.length === 1 &&
    !/\/\/|\/\*/.test(block.getText().replace(statement.getFullText(), ''))
  if (!isAlone) return removeLines(statement)
  const { parent: owner } = block
  if (ts.isIfStatement(owner)) {
    if (owner.elseStatement === block) {
      return {
        path: statement.getSourceFile().fileName,
        start: owner.thenStatement.end,
        end: block.end,
        text: '',
      }
    }
    const isRemovable =
      owner.elseStatement === undefined && isPure(owner.expression) && listOf(owner) !== undefined
    return isRemovable ? removeWithEmptied(owner) : removeLines(statement)
  }
  const isWholeTry = ts.isTryStatement(owner) && owner.tryBlock === block && isEmptyFinally(owner)
  return isWholeTry ? removeWithEmptied(owner) : removeLines(statement)
}

function isEmptyFinally({ finallyBlock }: ts.TryStatement): boolean {
  return finallyBlock === undefined || finallyBlock.statements.length === 0
}

function textOf(branch: ts.Statement): string {
  return branch.getText()
}

/** The statements of the branch at the place of the `if`; in a block of their own where a name would collide. */
function contentOfBranch(branch: ts.Statement, statement: ts.IfStatement): string {
  if (!ts.isBlock(branch)) return branch.getText()
  if (collides(branch, statement) || continuesLineBefore(branch, statement))
    return dedent(branch, branch.getStart(), branch.end, 0)
  const { text } = branch.getSourceFile()
  const inner = text.slice(branch.getStart() + 1, branch.end - 1)
  const start = branch.getStart() + 1 + (inner.length - inner.trimStart().length)
  const end = branch.end - 1 - (inner.length - inner.trimEnd().length)
  const step = indentOf(branch.statements[0] ?? branch).length - indentOf(statement).length
  return dedent(branch, start, end, Math.max(step, 0))
}

function indentOf(node: ts.Node): string {
  const { text } = node.getSourceFile()
  const start = text.lastIndexOf('\n', node.getStart() - 1) + 1
  return /^[ \t]*/.exec(text.slice(start, node.getStart()))?.[0] ?? ''
}

/** A part of a file with its lines moved to the left; lines of a template or a string keep their characters. */
function dedent(within: ts.Node, start: number, end: number, width: number): string {
  const { text } = within.getSourceFile()
  const fixed: (readonly [number, number])[] = []
  walk(within, (node) => {
    if (ts.isTemplateExpression(node) || ts.isStringLiteralLike(node) || ts.isJsxText(node))
      fixed.push([node.getStart(), node.end])
    return undefined
  })
  let result = ''
  for (let at = start; at < end;) {
    const next = text.indexOf('\n', at)
    const lineEnd = next === -1 || next >= end ? end : next + 1
    const line = text.slice(at, lineEnd)
    const isFixed = at === start || fixed.some(([from, to]) => from < at && at < to)
    const blank = /^[ \t]*/.exec(line)?.[0].length ?? 0
    result += isFixed ? line : line.slice(Math.min(width, blank))
    at = lineEnd
  }
  return result
}

/** Whether a name that the branch declares means something else around it. */
function collides(branch: ts.Block, statement: ts.IfStatement): boolean {
  const names = new Set(branch.statements.flatMap(declaredNames))
  if (names.size === 0) return false
  if (ts.isCaseOrDefaultClause(statement.parent)) return true
  const scope = ts.findAncestor(
    statement.parent,
    (node) => ts.isFunctionLike(node) || ts.isSourceFile(node) || ts.isClassStaticBlockDeclaration(node),
  )
  let isTaken = false
  walk(scope ?? statement.getSourceFile(), (node) => {
    if (node === branch || isDropped(node, branch, statement)) return false
    if (ts.isIdentifier(node) && names.has(node.text) && !isMemberName(node)) isTaken = true
    return undefined
  })
  return isTaken
}

function isDropped(node: ts.Node, branch: ts.Block, statement: ts.IfStatement): boolean {
  return (node === statement.thenStatement || node === statement.elseStatement) && node !== branch
}

function isMemberName(identifier: ts.Identifier): boolean {
  const { parent } = identifier
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === identifier) ||
    (ts.isPropertyAssignment(parent) && parent.name === identifier)
  )
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    const isVar = (statement.declarationList.flags & ts.NodeFlags.BlockScoped) === 0
    return isVar ? [] : statement.declarationList.declarations.flatMap(({ name }) => namesIn(name))
  }
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isEnumDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  return isNamed && statement.name !== undefined ? [statement.name.text] : []
}

function namesIn(name: ts.BindingName): string[] {
  return ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesIn(element.name)))
}

/** Without semicolons a statement that begins with `(` or `[` would continue the line before it. */
function continuesLineBefore(branch: ts.Block, statement: ts.IfStatement): boolean {
  const [first] = branch.statements
  if (first === undefined || !'([`+-/<'.includes(first.getText().charAt(0))) return false
  const before = statement.getSourceFile().text.slice(0, statement.getStart()).trimEnd()
  return !/[;{}]$/.test(before)
}

/** What follows a branch that always leaves: everything but functions, types and variables that are seen from outside. */
function unreachableAfter(
  statement: ts.IfStatement,
  kept: ts.Statement,
  list: readonly ts.Statement[],
): readonly FileEdit[] {
  if (!alwaysLeaves(kept)) return []
  const rest = list.slice(list.indexOf(statement) + 1)
  const isHoisted = (one: ts.Statement): boolean =>
    ts.isFunctionDeclaration(one) ||
    ts.isInterfaceDeclaration(one) ||
    ts.isTypeAliasDeclaration(one) ||
    (ts.isVariableStatement(one) && (one.declarationList.flags & ts.NodeFlags.BlockScoped) === 0)
  if (rest.some((one) => ts.isVariableStatement(one) && isHoisted(one))) return []
  const dead = rest.filter((one) => !isHoisted(one))
  const [first] = dead
  const last = dead.at(-1)
  if (first === undefined || last === undefined) return []
  if (dead.length !== rest.length) return dead.map((one) => removeLines(one))
  const { fileName } = statement.getSourceFile()
  return [{ path: fileName, start: statement.end, end: last.end, text: '' }]
}

function alwaysLeaves(statement: ts.Statement): boolean {
  if (ts.isReturnStatement(statement) || ts.isThrowStatement(statement) || ts.isContinueStatement(statement))
    return true
  if (ts.isBreakStatement(statement)) return true
  if (ts.isBlock(statement)) return statement.statements.some(alwaysLeaves)
  return (
    ts.isIfStatement(statement) &&
    statement.elseStatement !== undefined &&
    alwaysLeaves(statement.thenStatement) &&
    alwaysLeaves(statement.elseStatement)
  )
}
