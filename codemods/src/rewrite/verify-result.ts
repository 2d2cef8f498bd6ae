import { analyzePackage, type AnalyzedSite, type FileAnalysis } from '../analysis/analyze-package'
import type { RewriteTarget } from '../model/target'
import { applyTextEdits, type TextEdit } from '../model/text-edit'

/**
 * The sites among `rewritten` that the analysis of the result does not find done. The text is parsed afresh and judged by the machine
 * that judged the original; nothing of the plan is believed.
 */
export function findUnproved(
  analysis: FileAnalysis,
  edits: readonly TextEdit[],
  rewritten: readonly AnalyzedSite[],
  target: RewriteTarget,
): readonly AnalyzedSite[] {
  if (rewritten.length === 0) return []
  const { source, packagePath } = analysis
  const text = applyTextEdits(source.text, edits)
  const again = analyzePackage({ name: '', path: packagePath, files: [{ ...source, text }] }, [], {
    connections: target.connections,
    readDisk: false,
  }).files[0]
  if (again === undefined || again.parseErrors.length > analysis.parseErrors.length) return rewritten
  const done = again.sites
    .filter((one) => one.site.verdict === 'already')
    .map((one) => one.facts.acquire.call.getStart())
  return rewritten.filter((one) => {
    const position = placeOf(one, edits)
    return !done.some((start) => start >= position.from && start <= position.to)
  })
}

/** Where the service's call stands that takes the place of the old one: not always where that was. */
function placeOf({ plan, facts }: AnalyzedSite, edits: readonly TextEdit[]): Range {
  const call = facts.acquire.call.getStart()
  if (plan?.kind === 'choice') {
    const scope = insertedAt(plan.choice.statement.getStart(), edits)
    if (scope !== undefined) return scope
  }
  return movedTo(plan?.kind === 'opened' ? plan.scope.taking.getStart() : call, edits)
}

interface Range {
  readonly from: number
  readonly to: number
}

/** Where the text is that was inserted at an offset of the original, if any was. */
function insertedAt(offset: number, edits: readonly TextEdit[]): Range | undefined {
  const inserted = edits.find((edit) => edit.start === offset && edit.end === offset)
  if (inserted === undefined) return undefined
  const from = edits
    .filter((other) => other.end <= offset && other.start < offset)
    .reduce((sum, other) => sum + other.text.length - (other.end - other.start), offset)
  return { from, to: from + inserted.text.length }
}

/** Where an offset of the original is in the result; somewhere inside the text of the edit that covers it. */
function movedTo(offset: number, edits: readonly TextEdit[]): Range {
  let shift = 0
  let covered: Range | undefined
  for (const edit of edits) {
    if (edit.end <= offset && edit.start < offset) shift += edit.text.length - (edit.end - edit.start)
  }
  for (const edit of edits) {
    if (edit.start <= offset && offset < edit.end) {
      const from = edits
        .filter((other) => other.end <= edit.start && other !== edit)
        .reduce((sum, other) => sum + other.text.length - (other.end - other.start), edit.start)
      covered = { from, to: from + edit.text.length }
    }
  }
  return covered ?? { from: offset + shift, to: offset + shift }
}
