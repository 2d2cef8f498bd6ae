import ts from 'typescript'
import { hasEffect } from '../analysis/scope/bracket-obligations'
import { isStatementList } from '../analysis/connection/bracket'
import type { LateAcquire } from '../analysis/forms/late-acquire'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { canMergeTry } from './merge-try'
import { contentOf, indentUnit, layoutOf } from './layout'
import { lineOf, removeDeclaration, removeStatement } from './remove'
import { serviceCall } from './service-call'
import type { Shift, SiteEdits } from './site-edits'

/** `await using c = …` where the connection is taken; the declaration in front of it and the release behind it go. */
export function rewriteLate(late: LateAcquire, target: RewriteTarget): SiteEdits {
  switch (late.kind) {
    case 'inside':
      return inside(late, target)
    case 'hoisted':
      return hoisted(late, target)
    case 'unwrapped':
      return unwrapped(late, target)
  }
}

function inside(late: LateAcquire, target: RewriteTarget): SiteEdits {
  const { tryStatement, released } = late
  const { catchClause } = tryStatement
  const gone: TextEdit =
    ts.isBlock(released) && catchClause !== undefined && released === tryStatement.finallyBlock
      ? { start: catchClause.end, end: tryStatement.end, text: '' }
      : removeStatement(released)
  return { edits: [...openingEdits(late, target), gone], shifts: [] }
}

/** The `try {` moves behind the acquire, which so stands where the try began. */
function hoisted(late: LateAcquire, target: RewriteTarget): SiteEdits {
  const { tryStatement, taking } = late
  const { tryBlock, catchClause } = tryStatement
  const { text } = tryStatement.getSourceFile()
  const layout = layoutOf(tryStatement.getSourceFile())
  const indent = layout.indentOf(tryStatement)
  const unit = indentUnit(tryBlock, layout)
  const start = tryStatement.getStart()
  const content = contentOf(tryBlock)?.start ?? taking.getStart()
  const wraps = mustWrapTry(tryStatement)
  const keptEnd = catchClause?.end ?? tryBlock.end
  const behind = endWithComment(text, taking.end)
  const newLine = `${layout.newLine}${indent}`
  return {
    edits: [
      ...openingEdits(late, target),
      { start, end: content, text: wraps ? `{${newLine}${unit}` : '' },
      { start: behind, end: behind, text: `${newLine}${wraps ? unit : ''}try {` },
      { start: keptEnd, end: tryStatement.end, text: wraps ? `${newLine}}` : '' },
    ],
    shifts: [wraps ? shift(behind, keptEnd, unit, 'in') : shift(content, behind, unit, 'out')],
  }
}

/** Behind a statement, and behind the comment on its line if nothing else stands there. */
function endWithComment(text: string, end: number): number {
  const { contentEnd } = lineOf(text, end)
  const rest = text.slice(end, contentEnd).trim()
  const isComment = rest.startsWith('//') || /^\/\*((?!\*\/).)*\*\/$/.test(rest)
  return rest === '' || isComment ? contentEnd : end
}

function unwrapped(late: LateAcquire, target: RewriteTarget): SiteEdits {
  const { tryStatement } = late
  const { tryBlock } = tryStatement
  const layout = layoutOf(tryStatement.getSourceFile())
  const start = tryStatement.getStart()
  const content = contentOf(tryBlock)
  const opening = openingEdits(late, target)
  if (content === undefined || mustWrapTry(tryStatement) || !canMergeTry(tryStatement, late.declaration)) {
    return {
      edits: [
        ...opening,
        { start, end: tryBlock.getStart(), text: '' },
        { start: tryBlock.end, end: tryStatement.end, text: '' },
      ],
      shifts: [],
    }
  }
  return {
    edits: [
      ...opening,
      { start, end: content.start, text: '' },
      { start: content.end, end: tryStatement.end, text: '' },
    ],
    shifts: [shift(content.start, content.end, indentUnit(tryBlock, layout), 'out')],
  }
}

/** The declaration in front goes; the statement that takes the connection becomes its declaration. */
function openingEdits(late: LateAcquire, target: RewriteTarget): readonly TextEdit[] {
  const { taking, name, declaration } = late
  const sourceFile = taking.getSourceFile()
  const semicolon = sourceFile.text[taking.end - 1] === ';' ? ';' : ''
  const text = `await using ${name.text} = await ${serviceCall('connection', target, sourceFile)}${semicolon}`
  return [removeDeclaration(declaration), { start: taking.getStart(), end: taking.end, text }]
}

/** Whether something behind the try would run while the connection is still held, were the scope what surrounds it. */
function mustWrapTry(tryStatement: ts.TryStatement): boolean {
  const { parent } = tryStatement
  if (!isStatementList(parent) || ts.isCaseOrDefaultClause(parent)) return true
  return parent.statements.slice(parent.statements.indexOf(tryStatement) + 1).some(hasEffect)
}

function shift(start: number, end: number, unit: string, direction: Shift['direction']): Shift {
  return { start, end, unit, direction }
}
