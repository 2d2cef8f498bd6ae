import type { Site } from '../model/site'
import type { TextEdit } from '../model/text-edit'
import type { AnalyzedFile } from './knowledge'

/** A file with its planned edits. */
export interface EditedFile {
  readonly file: AnalyzedFile
  readonly edits: readonly TextEdit[]
  readonly sites: readonly Site[]
}

/** The rewritten site that an offset of the new text most probably belongs to: the last one that begins at or before it. */
export function siteAtOffset(edited: EditedFile, offset: number): Site | undefined {
  if (offset < 0) return undefined
  const line = lineOf(edited.file.source.text, toOldOffset(edited.edits, offset))
  const rewritten = edited.sites
    .filter((site) => site.verdict === 'rewritten')
    .sort((a, b) => a.line - b.line)
  return rewritten.findLast((site) => site.line <= line) ?? rewritten[0]
}

/** Where an offset of the new text was in the old one; inside a replaced range, the range's start. */
function toOldOffset(edits: readonly TextEdit[], offset: number): number {
  let shift = 0
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const start = edit.start + shift
    if (offset < start) break
    if (offset < start + edit.text.length) return edit.start
    shift += edit.text.length - (edit.end - edit.start)
  }
  return offset - shift
}

function lineOf(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}
