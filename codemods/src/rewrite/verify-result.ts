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
    const position = movedTo(one.facts.acquire.call.getStart(), edits)
    return !done.some((start) => start >= position.from && start <= position.to)
  })
}

/** Where an offset of the original is in the result; somewhere inside the text of the edit that covers it. */
function movedTo(offset: number, edits: readonly TextEdit[]): { from: number; to: number } {
  let shift = 0
  let covered: { from: number; to: number } | undefined
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
