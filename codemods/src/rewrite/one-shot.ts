import type ts from 'typescript'
import type { Bracket } from '../analysis/connection/bracket'
import type { RewriteTarget } from '../model/target'
import { mustBreakBehind } from './await-using'
import { contentOf, indentUnit, layoutOf } from './layout'
import { connectionsText, quoted, quoteOf } from './service-call'
import type { SiteEdits } from './site-edits'
import { canMergeInto, joinsNeighbours } from './unwrap'
import { removeStatement } from './remove-statement'

/** The purpose that the service falls back on needs no mention. */
const defaultPurpose = 'general'

/** `connections.query(…)` in place of the lease: the acquire goes, and the try with its release. */
export function rewriteAsOneShot(
  bracket: Bracket,
  call: ts.CallExpression,
  target: RewriteTarget,
): SiteEdits {
  const { statement, tryStatement } = bracket
  const { tryBlock } = tryStatement
  const layout = layoutOf(statement.getSourceFile())
  const content = contentOf(tryBlock)
  const tryStart = tryStatement.getStart()
  const edits = [removeStatement(statement), ...queryEdits(call, target)]
  const isMerged =
    content !== undefined &&
    layout.indentOf(tryBlock) === layout.indentOf(statement) &&
    canMergeInto(bracket, false) &&
    !joinsNeighbours(bracket) &&
    !mustBreakBehind(bracket, content.end)
  if (!isMerged) {
    return {
      edits: [
        ...edits,
        { start: tryStart, end: tryBlock.getStart(), text: '' },
        { start: tryBlock.end, end: tryStatement.end, text: '' },
      ],
      shifts: [],
    }
  }
  return {
    edits: [
      ...edits,
      { start: tryStart, end: content.start, text: '' },
      { start: content.end, end: tryStatement.end, text: '' },
    ],
    shifts: [
      { start: content.start, end: content.end, unit: indentUnit(tryBlock, layout), direction: 'out' },
    ],
  }
}

function queryEdits(call: ts.CallExpression, target: RewriteTarget): SiteEdits['edits'] {
  const callee = call.expression
  const service = {
    start: callee.getStart(),
    end: callee.end,
    text: `${connectionsText(target.connections)}.query`,
  }
  const last = call.arguments.at(-1)
  if (target.purpose === defaultPurpose || last === undefined) return [service]
  const options = `{ purpose: ${quoted(target.purpose, quoteOf(call.getSourceFile()))} }`
  const values = call.arguments.length === 1 ? ', undefined' : ''
  return [service, { start: last.end, end: last.end, text: `${values}, ${options}` }]
}
