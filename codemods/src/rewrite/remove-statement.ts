import ts from 'typescript'
import type { TextEdit } from '../model/text-edit'

/**
 * Takes a statement with the rest of its line; what follows stands where it stood. Comments above stay. A blank line behind it goes too where
 * one is in front already, or the block begins.
 */
export function removeStatement(statement: ts.Node): TextEdit {
  const { text } = statement.getSourceFile()
  const start = statement.getStart()
  const before = text.slice(Math.max(0, start - 400), start)
  const behind = text.slice(statement.end)
  const isFirst = ts.isBlock(statement.parent) && statement.parent.statements[0] === statement
  if (isFirst || /\n[ \t]*\r?\n[ \t]*$/.test(before))
    return removal(start, statement.end, /^\s*/.exec(behind))
  const lead = /\r?\n[ \t]*$/.exec(before)?.[0]
  if (lead !== undefined && /^[ \t]*\r?\n[ \t]*\r?\n/.test(behind))
    return removal(start - lead.length, statement.end, /^[ \t]*/.exec(behind))
  return removal(start, statement.end, /^[ \t]*(\r?\n[ \t]*)?/.exec(behind))
}

function removal(start: number, end: number, rest: RegExpExecArray | null): TextEdit {
  return { start, end: end + (rest?.[0].length ?? 0), text: '' }
}
