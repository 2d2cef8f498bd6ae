import type { Site } from '../model/site'
import { offsetBefore, type TextEdit } from '../model/text-edit'
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
  const line = lineOf(edited.file.source.text, offsetBefore(edited.edits, offset))
  const rewritten = edited.sites
    .filter((site) => site.verdict === 'rewritten')
    .sort((a, b) => a.line - b.line)
  return rewritten.findLast((site) => site.line <= line) ?? rewritten[0]
}

function lineOf(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}
