import { ts } from 'ts-morph'
import type { Bracket } from '../analysis/bracket'
import { mustWrap } from '../analysis/bracket-obligations'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { contentOf, indentUnit, layoutOf } from './layout'
import { serviceCall } from './service-call'
import { canMergeInto, firstTokenContinues } from './unwrap'

/**
 * `await using connection = await connections.connection('purpose')` where the acquire was; the scope ends where the release was. Without
 * a catch the try is taken away: its statements move up when nothing follows and no name collides, or stay in a block of their own.
 */
export function rewriteAsAwaitUsing(
  bracket: Bracket,
  acquire: ts.CallExpression,
  target: RewriteTarget,
): readonly TextEdit[] {
  const sourceFile = acquire.getSourceFile()
  const head = [
    { ...keywordRange(bracket.statement), text: 'await using' },
    { start: acquire.getStart(), end: acquire.end, text: serviceCall('connection', target, sourceFile) },
  ]
  const layout = layoutOf(sourceFile)
  const { tryStatement, statement } = bracket
  const { tryBlock, catchClause } = tryStatement
  const unit = indentUnit(tryBlock, layout)
  const content = contentOf(tryBlock)
  const indent = layout.indentOf(statement)
  const isApart = layout.indentOf(tryBlock) !== indent
  const inner = mustWrap(bracket)
  const open: TextEdit[] = inner
    ? [
        {
          start: statement.getStart(),
          end: statement.getStart(),
          text: `{${layout.newLine}${indent}${unit}`,
        },
        ...layout.indentLines(statement.getStart(), tryStatement.getStart() + 1, unit),
      ]
    : []
  const close = inner ? `${layout.newLine}${indent}}` : ''

  if (catchClause !== undefined) {
    const moved = inner ? layout.indentLines(tryStatement.getStart() + 1, catchClause.end, unit) : []
    return [...merge(open, head), ...moved, { start: catchClause.end, end: tryStatement.end, text: close }]
  }
  const isMergeable =
    content !== undefined && !isApart && canMergeInto(bracket, inner) && !firstTokenContinues(bracket)
  if (!isMergeable) {
    const moved = inner ? layout.indentLines(tryStatement.getStart() + 1, tryBlock.end, unit) : []
    return [
      ...merge(open, head),
      { start: tryStatement.getStart(), end: tryBlock.getStart(), text: '' },
      ...moved,
      { start: tryBlock.end, end: tryStatement.end, text: close },
    ]
  }
  const moved = inner ? [] : layout.dedentLines(content.start, content.end, unit)
  return [
    ...merge(open, head),
    { start: tryStatement.getStart(), end: content.start, text: '' },
    ...moved,
    { start: content.end, end: tryStatement.end, text: close },
  ]
}

/** The opening brace and the keyword stand at one place: one edit. */
function merge(open: readonly TextEdit[], head: readonly TextEdit[]): readonly TextEdit[] {
  const [brace, ...lines] = open
  const [keyword, ...rest] = head
  if (brace === undefined || keyword === undefined) return head
  return [{ ...keyword, text: brace.text + keyword.text }, ...rest, ...lines]
}

function keywordRange(statement: ts.VariableStatement): { start: number; end: number } {
  const start = statement.declarationList.getStart()
  const keyword = statement.declarationList.getFirstToken()
  return { start, end: keyword?.end ?? start }
}
