import ts from 'typescript'
import type { TextEdit } from '../model/text-edit'
import { resolveRemovals } from './removals'
import type { Shift, SiteEdits } from './site-edits'

/**
 * One batch out of the edits of all sites. Lines move by the sum of the shifts around them; text that an inner site inserts moves with
 * the lines that it stands among.
 */
export function combineEdits(sourceFile: ts.SourceFile, planned: readonly SiteEdits[]): readonly TextEdit[] {
  const sites = resolveRemovals(sourceFile, planned)
  const edits = sites.flatMap((site) => {
    const around = sites.filter((other) => other !== site).flatMap((other) => other.shifts)
    return site.edits.map((edit) => moveInserted(edit, around))
  })
  const shifts = sites.flatMap((site) => site.shifts)
  return [...edits, ...lineEdits(sourceFile, shifts, edits)].sort(
    (a, b) => a.start - b.start || a.end - b.end,
  )
}

/** Whether the sites cannot be rewritten together: an edit of one stands in what another takes away. */
export function editsOverlap(sourceFile: ts.SourceFile, sites: readonly SiteEdits[]): boolean {
  const all = resolveRemovals(sourceFile, sites).flatMap((site) => site.edits)
  const ordered = [...all].sort((a, b) => a.start - b.start || a.end - b.end)
  return ordered.some((edit, index) => index > 0 && edit.start < (ordered[index - 1]?.end ?? 0))
}

/** Which of the sites begin inside another and end behind it, or the other way round: of two callbacks one must hold the other. */
export function crossingSites(sites: readonly SiteEdits[]): readonly boolean[] {
  const spans = sites.map(spanOf)
  return spans.map((one) => spans.some((other) => isCrossing(one, other) || isCrossing(other, one)))
}

interface Span {
  readonly start: number
  readonly end: number
}

function isCrossing(first: Span, second: Span): boolean {
  return first.start < second.start && second.start < first.end && first.end < second.end
}

function spanOf({ edits, closing }: SiteEdits): Span {
  return {
    start: Math.min(...edits.map(({ start }) => start)),
    end: Math.max(closing?.last.end ?? 0, ...edits.map(({ end }) => end)),
  }
}

function moveInserted(edit: TextEdit, around: readonly Shift[]): TextEdit {
  if (!edit.text.includes('\n')) return edit
  const covering = around.filter((shift) => shift.start <= edit.start && edit.start < shift.end)
  const [first = '', ...lines] = edit.text.split('\n')
  return { ...edit, text: [first, ...lines.map((line) => covering.reduce(moveLine, line))].join('\n') }
}

function moveLine(line: string, shift: Shift): string {
  if (shift.direction === 'in') return shift.unit + line
  return line.startsWith(shift.unit) ? line.slice(shift.unit.length) : line
}

function lineEdits(
  sourceFile: ts.SourceFile,
  shifts: readonly Shift[],
  edits: readonly TextEdit[],
): readonly TextEdit[] {
  if (shifts.length === 0) return []
  const { text } = sourceFile
  const isText = linesInsideTemplates(sourceFile)
  return sourceFile.getLineStarts().flatMap((line): TextEdit[] => {
    const covering = shifts.filter((shift) => line > shift.start && line < shift.end)
    const isSwallowed = edits.some((edit) => edit.start < line && line < edit.end)
    if (covering.length === 0 || isSwallowed || isText(line)) return []
    const old = /^[ \t]*/.exec(text.slice(line))?.[0] ?? ''
    if (/^[ \t]*(\r?\n|$)/.test(text.slice(line))) return []
    const moved = covering.reduce(moveLine, old)
    // Only the part that changes: insertions at the line's first character stay beside it.
    if (moved === old) return []
    return moved.endsWith(old)
      ? [{ start: line, end: line, text: moved.slice(0, moved.length - old.length) }]
      : [
          {
            start: line,
            end: line + old.length - commonEnd(moved, old),
            text: moved.slice(0, moved.length - commonEnd(moved, old)),
          },
        ]
  })
}

function commonEnd(a: string, b: string): number {
  let length = 0
  while (length < a.length && length < b.length && a[a.length - 1 - length] === b[b.length - 1 - length])
    length += 1
  return length
}

/** Lines that begin inside a template or string literal or in the text of an element are content, not layout. */
function linesInsideTemplates(sourceFile: ts.SourceFile): (line: number) => boolean {
  const ranges: (readonly [number, number])[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateLiteralToken(node) || ts.isStringLiteral(node) || ts.isJsxText(node))
      ranges.push([node.getStart(sourceFile), node.end])
    ts.forEachChild(node, visit)
  }
  visit(sourceFile)
  return (line) => ranges.some(([start, end]) => line > start && line < end)
}
