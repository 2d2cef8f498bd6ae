import type { Bracket } from '../analysis/connection/bracket'
import { completionsOf } from '../analysis/scope/completions'
import type { RewriteTarget } from '../model/target'
import { contentOf, indentUnit, layoutOf } from './layout'
import { serviceCall } from './service-call'
import type { SiteEdits } from './site-edits'
import { canMergeInto, continuesCall, firstTokenContinues } from './unwrap'

/** `await connections.withConnection('purpose', async (connection) => { … })` around everything that was done while it was held. */
export function rewriteAsCallback(bracket: Bracket, target: RewriteTarget): SiteEdits {
  const { statement, tryStatement, name, declaration } = bracket
  const sourceFile = statement.getSourceFile()
  const { text } = sourceFile
  const layout = layoutOf(sourceFile)
  const { tryBlock, catchClause } = tryStatement
  const unit = indentUnit(tryBlock, layout)
  const indent = layout.indentOf(statement)
  const tryStart = tryStatement.getStart()
  const content = contentOf(tryBlock)
  const keyword = completionsOf(bracket).returns.length > 0 ? 'return await' : 'await'
  const parameter = declaration.type === undefined ? name.text : `${name.text}: ${declaration.type.getText()}`
  const call = serviceCall('withConnection', target, sourceFile, `async (${parameter}) => {`).slice(0, -1)
  const isOpen = text[statement.end - 1] !== ';' && !continuesCall(text, tryStatement.end)
  const close = `${layout.newLine}${indent}})${isOpen ? '' : ';'}`
  const isMerged =
    catchClause === undefined &&
    content !== undefined &&
    layout.indentOf(tryBlock) === indent &&
    canMergeInto(bracket, true) &&
    !(bracket.gap.length > 0 && firstTokenContinues(bracket))

  if (isMerged && text.slice(statement.end, tryStart).trim() === '') {
    return {
      edits: [
        {
          start: statement.getStart(),
          end: content.start,
          text: `${keyword} ${call}${layout.newLine}${indent}${unit}`,
        },
        { start: content.end, end: tryStatement.end, text: close },
      ],
      shifts: [],
    }
  }
  const head = { start: statement.getStart(), end: statement.end, text: `${keyword} ${call}` }
  if (isMerged) {
    return {
      edits: [
        head,
        { start: tryStart, end: content.start, text: '' },
        { start: content.end, end: tryStatement.end, text: close },
      ],
      shifts: [{ start: statement.end, end: tryStart + 1, unit, direction: 'in' }],
    }
  }
  const keptEnd = catchClause?.end ?? tryBlock.end
  return {
    edits: [
      head,
      ...(catchClause === undefined ? [{ start: tryStart, end: tryBlock.getStart(), text: '' }] : []),
      { start: keptEnd, end: tryStatement.end, text: close },
    ],
    shifts: [{ start: statement.end, end: keptEnd, unit, direction: 'in' }],
  }
}
