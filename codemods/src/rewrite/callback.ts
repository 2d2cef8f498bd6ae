import type { ts } from 'ts-morph'
import type { Bracket } from '../analysis/bracket'
import { completionsOf } from '../analysis/completions'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { contentOf, indentUnit, layoutOf } from './layout'
import { serviceCall } from './service-call'
import { canMergeInto, firstTokenContinues } from './unwrap'

/** `await connections.withConnection('purpose', async (connection) => { … })` around everything that was done while it was held. */
export function rewriteAsCallback(
  bracket: Bracket,
  _acquire: ts.CallExpression,
  target: RewriteTarget,
  _checker: ts.TypeChecker,
): readonly TextEdit[] {
  const { statement, tryStatement, name, declaration } = bracket
  const sourceFile = statement.getSourceFile()
  const { text } = sourceFile
  const layout = layoutOf(sourceFile)
  const { tryBlock, catchClause } = tryStatement
  const unit = indentUnit(tryBlock, layout)
  const indent = layout.indentOf(statement)
  const content = contentOf(tryBlock)
  const keyword = completionsOf(bracket).returns.length > 0 ? 'return await' : 'await'
  const parameter = declaration.type === undefined ? name.text : `${name.text}: ${declaration.type.getText()}`
  const call = serviceCall('withConnection', target, sourceFile, `async (${parameter}) => {`).slice(0, -1)
  const end = text[statement.end - 1] === ';' ? ';' : ''
  const close = `${layout.newLine}${indent}})${end}`
  const isMerged =
    catchClause === undefined &&
    content !== undefined &&
    canMergeInto(bracket, true) &&
    !(bracket.gap.length > 0 && firstTokenContinues(bracket))
  const isPlain =
    isMerged && bracket.gap.length === 0 && text.slice(statement.end, tryStatement.getStart()).trim() === ''
  if (isPlain) {
    return [
      {
        start: statement.getStart(),
        end: content.start,
        text: `${keyword} ${call}${layout.newLine}${indent}${unit}`,
      },
      { start: content.end, end: tryStatement.end, text: close },
    ]
  }
  const head: readonly TextEdit[] = [
    { start: statement.getStart(), end: statement.end, text: `${keyword} ${call}` },
    ...layout.indentLines(statement.end, tryStatement.getStart() + 1, unit),
  ]
  if (isMerged) {
    return [
      ...head,
      { start: tryStatement.getStart(), end: content.start, text: '' },
      { start: content.end, end: tryStatement.end, text: close },
    ]
  }
  const kept = catchClause?.end ?? tryBlock.end
  return [
    ...head,
    ...(catchClause === undefined
      ? [{ start: tryStatement.getStart(), end: tryBlock.getStart(), text: '' }]
      : []),
    ...layout.indentLines(tryStatement.getStart() + 1, kept, unit),
    { start: kept, end: tryStatement.end, text: close },
  ]
}
