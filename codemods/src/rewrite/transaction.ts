import type ts from 'typescript'
import type { Bracket } from '../analysis/connection/bracket'
import { commentsBetween } from '../analysis/syntax/comments'
import { completionsOf } from '../analysis/scope/completions'
import type { TransactionBracket } from '../analysis/forms/transaction-bracket'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { contentOf, indentUnit, layoutOf } from './layout'
import { removeStatement } from './remove-statement'
import { connectionsText, quoted, quoteOf } from './service-call'
import type { SiteEdits } from './site-edits'

/**
 * `connections.withTransaction('purpose', async (connection) => { … })`: BEGIN, COMMIT and ROLLBACK go, the work stays as it is. Nothing
 * when a comment would be lost, or when there is no work between them.
 */
export function rewriteAsTransaction(
  bracket: Bracket,
  transaction: TransactionBracket,
  target: RewriteTarget,
): SiteEdits | undefined {
  const { statement, tryStatement, name, declaration } = bracket
  const { tryBlock } = tryStatement
  const sourceFile = statement.getSourceFile()
  const layout = layoutOf(sourceFile)
  const content = contentOf(tryBlock)
  const indent = layout.indentOf(statement)
  if (content === undefined || layout.indentOf(tryBlock) !== indent) return undefined
  const swallowed = commentsBetween(sourceFile, statement.getStart(), content.start)
  const dropped = commentsBetween(sourceFile, content.end, tryStatement.end)
  if (swallowed.length > 0 || dropped.length > 0) return undefined

  const quote = quoteOf(sourceFile)
  const keyword = completionsOf(bracket).returns.length > 0 ? 'return await' : 'await'
  const parameter = declaration.type === undefined ? name.text : `${name.text}: ${declaration.type.getText()}`
  const call = `${connectionsText(target.connections)}.withTransaction(${quoted(target.purpose, quote)}, async (${parameter}) => {`
  const options = optionsText(transaction, (text) => quoted(text, quote))
  const semicolon = sourceFile.text[statement.end - 1] === ';' ? ';' : ''
  const unit = indentUnit(tryBlock, layout)
  if (tryBlock.statements.indexOf(transaction.commit) === tryBlock.statements.indexOf(transaction.begin) + 1)
    return undefined
  const removals = [transaction.begin, transaction.commit]
    .filter((one) => one.parent === tryBlock)
    .map((one) => (one === tryBlock.statements.at(-1) ? removeLast(one, content.end) : removeStatement(one)))
  return {
    edits: [
      {
        start: statement.getStart(),
        end: content.start,
        text: `${keyword} ${call}${layout.newLine}${indent}${unit}`,
      },
      ...removals,
      {
        start: content.end,
        end: tryStatement.end,
        text: `${layout.newLine}${indent}}${options})${semicolon}`,
      },
    ],
    shifts: [],
  }
}

function optionsText(
  { isolation, readOnly }: TransactionBracket,
  quotedText: (text: string) => string,
): string {
  const options = [
    ...(isolation === undefined ? [] : [`isolation: ${quotedText(isolation)}`]),
    ...(readOnly === undefined ? [] : [`readOnly: ${String(readOnly)}`]),
  ]
  return options.length === 0 ? '' : `, { ${options.join(', ')} }`
}

/** The last statement goes with the line break in front of it: behind it comes the end of the block. */
function removeLast(statement: ts.Node, end: number): TextEdit {
  const { text } = statement.getSourceFile()
  const before = /\s*$/.exec(text.slice(0, statement.getStart()))?.[0] ?? ''
  return { start: statement.getStart() - before.length, end, text: '' }
}
