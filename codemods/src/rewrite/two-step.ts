import ts from 'typescript'
import type { TextEdit } from '../model/text-edit'
import { removeStatement } from './remove'
import type { SiteEdits } from './site-edits'

/** The bracket's rewrite, with the statement gone that opened the handle. */
export function withoutOpen(edits: SiteEdits, open: ts.ExpressionStatement): SiteEdits {
  return { ...edits, edits: [...edits.edits, openRemoval(open)] }
}

/** First in a block whose beginning may move: the statement goes with the blanks behind it, not with those in front. */
function openRemoval(open: ts.ExpressionStatement): TextEdit {
  const { parent } = open
  if (!ts.isBlock(parent) || !ts.isTryStatement(parent.parent) || parent.statements[0] !== open)
    return removeStatement(open)
  const { text } = open.getSourceFile()
  const blanks = /^\s*/.exec(text.slice(open.end))?.[0].length ?? 0
  return { start: open.getStart(), end: open.end + blanks, text: '' }
}
