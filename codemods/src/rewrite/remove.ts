import type ts from 'typescript'
import { isStatementList } from '../analysis/connection/bracket'
import type { TextEdit } from '../model/text-edit'

/** Takes a statement away, and its line when nothing else stands on it; comments around it stay where they are. */
export function removeStatement(statement: ts.Statement): TextEdit {
  const { text } = statement.getSourceFile()
  const start = statement.getStart()
  const { end } = statement
  if (wouldJoin(statement)) return { start, end, text: ';' }
  const line = lineOf(text, start)
  const last = lineOf(text, end)
  const before = text.slice(line.start, start)
  const after = text.slice(end, last.contentEnd)
  if (before.trim() !== '' || after.trim() !== '' || line.start === 0) {
    const blanks = /^[ \t]*/.exec(after)?.[0].length ?? 0
    return { start, end: before.trim() === '' ? end + blanks : end, text: '' }
  }
  // From the line break in front, so that the line begins inside the edit.
  const from = text[line.start - 2] === '\r' ? line.start - 2 : line.start - 1
  const isFirst = /[{;]?\s*$/.exec(text.slice(0, from))?.[0].startsWith('{') ?? false
  const next = last.contentEnd < text.length ? lineOf(text, last.end) : undefined
  const isNextBlank = next !== undefined && text.slice(next.start, next.contentEnd).trim() === ''
  return { start: from, end: isFirst && isNextBlank ? next.contentEnd : last.contentEnd, text: '' }
}

/** The same for one variable among others: its comma goes with it. */
export function removeDeclaration(declaration: ts.VariableDeclaration): TextEdit {
  const { declarations } = declaration.parent as ts.VariableDeclarationList
  if (declarations.length === 1) return removeStatement(declaration.parent.parent)
  const index = declarations.indexOf(declaration)
  const before = declarations[index - 1]
  const behind = declarations[index + 1]
  return before === undefined
    ? { start: declaration.getStart(), end: behind?.getStart() ?? declaration.end, text: '' }
    : { start: before.end, end: declaration.end, text: '' }
}

/** The line around an offset, with its break and without. */
export function lineOf(
  text: string,
  offset: number,
): { readonly start: number; readonly contentEnd: number; readonly end: number } {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const found = text.indexOf('\n', offset)
  const end = found < 0 ? text.length : found + 1
  const contentEnd = found < 0 ? text.length : text[found - 1] === '\r' ? found - 1 : found
  return { start, contentEnd: Math.max(contentEnd, offset), end }
}

/** Without semicolons the statement behind might continue the one in front. */
function wouldJoin(statement: ts.Statement): boolean {
  const { parent } = statement
  if (!isStatementList(parent)) return true
  const { statements } = parent
  const index = statements.indexOf(statement)
  const before = statements[index - 1]
  const behind = statements[index + 1]
  return before !== undefined && behind !== undefined && continuesLine(before, behind)
}

/** Whether a statement reads on from the one in front of it when nothing stands between them. */
export function continuesLine(before: ts.Statement, behind: ts.Statement): boolean {
  const { text } = before.getSourceFile()
  const last = text[before.end - 1]
  return last !== ';' && last !== '}' && '([`+-/<'.includes(text[behind.getStart()] ?? '')
}
