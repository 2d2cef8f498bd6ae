import ts from 'typescript'
import { bodyOf, completionsOf } from '../analysis/scope/completions'
import type { ReleasePoint } from '../analysis/connection/release-points'
import type { Hoist, ScopePlan } from '../analysis/scope/scope'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { discardEdits } from './discard'
import { layoutOf, unitOf } from './layout'
import { acquireText, serviceCall, withoutType } from './service-call'
import type { SiteEdits } from './site-edits'

/** `await using` at the acquire; every release goes, and the block ends where they were. */
export function rewriteScopeAsAwaitUsing(
  plan: ScopePlan,
  acquire: ts.CallExpression,
  target: RewriteTarget,
): SiteEdits {
  const { statement, declaration, region, wraps, hoists } = plan
  const sourceFile = statement.getSourceFile()
  const layout = layoutOf(sourceFile)
  const { newLine } = layout
  const indent = layout.indentOf(statement)
  const unit = unitOf(sourceFile)
  const list = statement.declarationList
  const start = list.getStart()
  const end = hasSemicolon(statement) ? ';' : ''
  const declared = hoists.map((hoist) => `${declaredBy(hoist, end)}${newLine}${indent}`).join('')
  const open = wraps ? `{${newLine}${indent}${unit}` : ''
  const above = startWithComments(statement)
  return {
    edits: [
      ...(declared === '' ? [] : [{ start: above, end: above, text: declared }]),
      { start, end: list.getFirstToken()?.end ?? start, text: `${open}await using` },
      ...withoutType(declaration),
      {
        start: acquire.getStart(),
        end: acquire.end,
        text: acquireText('connection', acquire, target),
      },
      ...hoists.flatMap((hoist) => assignmentOf(hoist, region)),
      ...discardEdits(plan.releases),
    ],
    shifts: [],
    removals: removalsOf(plan),
    ...(wraps ? { closing: { last: region.at(-1) ?? statement, start, indent, unit, text: '}' } } : {}),
  }
}

/** `await connections.withConnection('purpose', async (connection) => { … })` around the region. */
export function rewriteScopeAsCallback(plan: ScopePlan, target: RewriteTarget): SiteEdits {
  const { statement, declaration, name, hoists } = plan
  const sourceFile = statement.getSourceFile()
  const layout = layoutOf(sourceFile)
  const { newLine } = layout
  const indent = layout.indentOf(statement)
  const isTyped = declaration.type !== undefined && plan.releases.every(({ told }) => told.kind === 'nothing')
  const parameter = isTyped ? `${name.text}: ${declaration.type.getText()}` : name.text
  const call = serviceCall('withConnection', target, sourceFile, `async (${parameter}) => {`).slice(0, -1)
  const moved = hoists.filter((one) => one.kind === 'moved')
  const declared = moved.map((one) => `${one.statement.getText()}${newLine}${indent}`).join('')
  const hoist = hoists.find((one) => one.kind === 'assigned')
  const keyword = completionsOf(plan).returns.length > 0 ? 'return await' : 'await'
  const head = hoist === undefined ? keyword : `${headOf(hoist)} = await`
  const last = bodyOf(plan).at(-1) ?? statement
  return {
    edits: [
      { start: statement.getStart(), end: statement.end, text: `${declared}${head} ${call}` },
      ...(hoist === undefined
        ? []
        : [
            {
              start: hoist.statement.getStart(),
              end: hoist.declaration.initializer?.getStart() ?? hoist.statement.end,
              text: 'return ',
            },
          ]),
      ...discardEdits(plan.releases),
    ],
    shifts: [],
    removals: removalsOf(plan),
    closing: {
      last,
      start: statement.end,
      indent,
      unit: unitOf(sourceFile),
      text: `})${hasSemicolon(statement) ? ';' : ''}`,
    },
  }
}

function removalsOf(plan: ScopePlan): readonly ts.Statement[] {
  const releases = plan.releases.flatMap(({ statement, told }: ReleasePoint) =>
    statement === undefined || told.kind !== 'nothing' ? [] : [statement],
  )
  const moved = plan.hoists.flatMap((hoist) => (hoist.kind === 'moved' ? [hoist.statement] : []))
  return [...releases, ...plan.flags, ...moved]
}

/** Where a statement begins with the comments that stand directly above it. */
function startWithComments(statement: ts.Statement): number {
  const { text } = statement.getSourceFile()
  let start = statement.getStart()
  for (const comment of (ts.getLeadingCommentRanges(text, statement.pos) ?? []).toReversed()) {
    const isAbove = /^[ \t]*\r?\n?[ \t]*$/.test(text.slice(comment.end, start))
    const isOwnLine = /(^|\n)[ \t]*$/.test(text.slice(0, comment.pos))
    if (!isAbove || !isOwnLine) break
    start = comment.pos
  }
  return start
}

function hasSemicolon(statement: ts.Statement): boolean {
  return statement.getText().endsWith(';')
}

type Assigned = Extract<Hoist, { kind: 'assigned' }>

function declaredBy(hoist: Hoist, end: string): string {
  if (hoist.kind === 'moved') return hoist.statement.getText()
  const { type } = hoist.declaration
  const names = hoist.names.join(', ')
  return `let ${names}${type === undefined ? '' : `: ${type.getText()}`}${end}`
}

/** `const { rows }` */
function headOf({ statement, declaration }: Assigned): string {
  const keyword = (statement.declarationList.flags & ts.NodeFlags.Const) === 0 ? 'let' : 'const'
  const type = declaration.type === undefined ? '' : `: ${declaration.type.getText()}`
  return `${keyword} ${declaration.name.getText()}${type}`
}

/** The declaration becomes an assignment; a pattern needs parentheses, and a guard where lines end without a semicolon. */
function assignmentOf(hoist: Hoist, region: readonly ts.Statement[]): readonly TextEdit[] {
  if (hoist.kind === 'moved') return []
  const { statement, declaration } = hoist
  const { initializer, name } = declaration
  if (initializer === undefined) return []
  const start = statement.getStart()
  const guard = region.slice(0, region.indexOf(statement)).every(hasSemicolon) ? '' : ';'
  if (ts.isIdentifier(name)) return [{ start, end: initializer.getStart(), text: `${name.text} = ` }]
  if (ts.isArrayBindingPattern(name))
    return [{ start, end: initializer.getStart(), text: `${guard}${name.getText()} = ` }]
  return [
    { start, end: initializer.getStart(), text: `${guard}(${name.getText()} = ` },
    { start: initializer.end, end: initializer.end, text: ')' },
  ]
}
