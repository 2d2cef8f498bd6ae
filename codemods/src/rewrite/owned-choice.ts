import type { OwnedChoice } from '../analysis/forms/owned-choice'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { contentOf, indentUnit, layoutOf } from './layout'
import { canMergeTry } from './merge-try'
import { removeStatement } from './remove'
import { serviceCall } from './service-call'
import type { Shift, SiteEdits } from './site-edits'

/**
 * `await using ownClient = given ? null : await connections.connection('purpose')` in front of the choice, which then takes `ownClient!`.
 * The assertion is what the compiler cannot see: without a given one there is one of one's own.
 */
export function rewriteOwnedChoice(choice: OwnedChoice, target: RewriteTarget): SiteEdits {
  const { statement, tryStatement, given, wraps, flag } = choice
  const { tryBlock, catchClause } = tryStatement
  const sourceFile = statement.getSourceFile()
  const { text } = sourceFile
  const layout = layoutOf(sourceFile)
  const indent = layout.indentOf(statement)
  const unit = indentUnit(tryBlock, layout)
  const own = ownName(choice)
  const inner = wraps ? indent + unit : indent
  const semicolon = text[statement.end - 1] === ';' ? ';' : ''
  const head =
    (wraps ? `{${layout.newLine}${inner}` : '') +
    `await using ${own} = ${given.text} ? null : await ${serviceCall('connection', target, sourceFile)}${semicolon}` +
    `${layout.newLine}${inner}`
  const close = wraps ? `${layout.newLine}${indent}}` : ''
  const start = statement.getStart()
  const tryStart = tryStatement.getStart()
  const content = contentOf(tryBlock)
  const edits: TextEdit[] = [
    { start, end: start, text: head },
    { ...rangeWithParentheses(choice), text: `${own}!` },
    ...(flag === undefined ? [] : [removeStatement(flag)]),
  ]
  const shift = (from: number, end: number, direction: Shift['direction']): Shift => ({
    start: from,
    end,
    unit,
    direction,
  })
  const around = wraps ? [statement, ...choice.gap] : undefined
  if (catchClause === undefined && content !== undefined && canMergeTry(tryStatement, undefined, around)) {
    return {
      edits: [
        ...edits,
        { start: tryStart, end: content.start, text: '' },
        { start: content.end, end: tryStatement.end, text: close },
      ],
      shifts: wraps ? [shift(start, tryStart + 1, 'in')] : [shift(content.start, content.end, 'out')],
    }
  }
  const keptEnd = catchClause?.end ?? tryBlock.end
  return {
    edits: [
      ...edits,
      ...(catchClause === undefined ? [{ start: tryStart, end: tryBlock.getStart(), text: '' }] : []),
      { start: keptEnd, end: tryStatement.end, text: close },
    ],
    shifts: wraps ? [shift(start, keptEnd, 'in')] : [],
  }
}

/** The parentheses around an `await` go with it. */
function rangeWithParentheses({ taking }: OwnedChoice): { readonly start: number; readonly end: number } {
  const { text } = taking.getSourceFile()
  const start = taking.getStart()
  const isAlone = taking.parent.getText() === `(${taking.getText()})`
  if (!isAlone || text[start - 1] !== '(' || text[taking.end] !== ')') return { start, end: taking.end }
  return { start: start - 1, end: taking.end + 1 }
}

/** `ownClient` for `client`; with a number when the file has that name already. */
function ownName({ name }: OwnedChoice): string {
  const base = `own${name.text.charAt(0).toUpperCase()}${name.text.slice(1)}`
  const { text } = name.getSourceFile()
  const isTaken = (candidate: string): boolean =>
    new RegExp(`\\b${candidate.replaceAll('$', '\\$')}\\b`).test(text)
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? base : `${base}${String(number)}`
    if (!isTaken(candidate)) return candidate
  }
}
