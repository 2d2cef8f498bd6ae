import type ts from 'typescript'
import type { Bracket } from '../analysis/connection/bracket'
import { mustWrap } from '../analysis/scope/bracket-obligations'
import { commentsBetween } from '../analysis/syntax/comments'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { contentOf, indentUnit, layoutOf } from './layout'
import { acquireText, withoutType } from './service-call'
import type { Shift, SiteEdits } from './site-edits'
import { canMergeInto, firstTokenContinues } from './unwrap'

/**
 * `await using connection = await connections.connection('purpose')` where the acquire was; the scope ends where the release was. Without
 * a catch the try is taken away: its statements move up when nothing follows and no name collides, or stay in a block of their own.
 */
export function rewriteAsAwaitUsing(
  bracket: Bracket,
  acquire: ts.CallExpression,
  target: RewriteTarget,
): SiteEdits {
  const { tryStatement, statement } = bracket
  const { tryBlock, catchClause } = tryStatement
  const layout = layoutOf(acquire.getSourceFile())
  const unit = indentUnit(tryBlock, layout)
  const indent = layout.indentOf(statement)
  const isWrapped = mustWrap(bracket)
  const tryStart = tryStatement.getStart()
  const content = contentOf(tryBlock)
  const isMerged =
    catchClause === undefined &&
    content !== undefined &&
    layout.indentOf(tryBlock) === indent &&
    canMergeInto(bracket, isWrapped) &&
    !firstTokenContinues(bracket)

  const head = headEdits(bracket, acquire, target, isWrapped ? `{${layout.newLine}${indent}${unit}` : '')
  const close = isWrapped ? `${layout.newLine}${indent}}` : ''
  const blanksAt = (offset: number): number =>
    /^[ \t]*/.exec(acquire.getSourceFile().text.slice(offset))?.[0].length ?? 0
  const shift = (start: number, end: number, direction: Shift['direction']): Shift => ({
    start,
    end,
    unit,
    direction,
  })
  const gapShifts = isWrapped ? [shift(statement.getStart(), tryStart + 1, 'in')] : []
  if (isMerged) {
    return {
      edits: [
        ...head,
        { start: tryStart, end: content.start, text: '' },
        isWrapped || !mustBreakBehind(bracket, content.end)
          ? { start: content.end, end: tryStatement.end, text: close }
          : {
              start: content.end,
              end: tryStatement.end + blanksAt(tryStatement.end),
              text: `${layout.newLine}${indent}`,
            },
      ],
      shifts: isWrapped ? gapShifts : [shift(content.start, content.end, 'out')],
    }
  }
  const keptEnd = catchClause?.end ?? tryBlock.end
  return {
    edits: [
      ...head,
      ...(catchClause === undefined ? [{ start: tryStart, end: tryBlock.getStart(), text: '' }] : []),
      { start: keptEnd, end: tryStatement.end, text: close },
    ],
    shifts: isWrapped ? [shift(statement.getStart(), keptEnd, 'in')] : [],
  }
}

/** The keyword and the call; an opening brace stands at the keyword's place and is part of its edit. */
function headEdits(
  bracket: Bracket,
  acquire: ts.CallExpression,
  target: RewriteTarget,
  open: string,
): readonly TextEdit[] {
  const list = bracket.statement.declarationList
  const start = list.getStart()
  return [
    { start, end: list.getFirstToken()?.end ?? start, text: `${open}await using` },
    ...withoutType(bracket.declaration),
    {
      start: acquire.getStart(),
      end: acquire.end,
      text: acquireText('connection', acquire, target),
    },
  ]
}

/** Whether what follows the try on its last line would join the block's last statement, or vanish in its last comment. */
export function mustBreakBehind({ tryStatement, following }: Bracket, contentEnd: number): boolean {
  const sourceFile = tryStatement.getSourceFile()
  const rest = /^.*/.exec(sourceFile.text.slice(tryStatement.end))?.[0].trim() ?? ''
  if (rest === '') return false
  const [next] = following
  if (next !== undefined && next.getStart() < tryStatement.end + rest.length + 1) return true
  const last = commentsBetween(sourceFile, tryStatement.tryBlock.getStart(), contentEnd).at(-1)
  return last !== undefined && last.end === contentEnd && last.text.startsWith('//')
}
