import type { ts } from 'ts-morph'
import type { TextEdit } from '../model/text-edit'

/** Takes a statement with the rest of its line; what follows stands where it stood. Comments above stay. */
export function removeStatement(statement: ts.Node): TextEdit {
  const { text } = statement.getSourceFile()
  const rest = /^[ \t]*(\r?\n[ \t]*)?/.exec(text.slice(statement.end))?.[0] ?? ''
  return { start: statement.getStart(), end: statement.end + rest.length, text: '' }
}
