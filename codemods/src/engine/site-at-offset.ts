import type { Site } from '../model/site'
import { offsetBefore, type TextEdit } from '../model/text-edit'
import { functionsAround } from '../project/functions-around'
import type { AnalyzedFile } from './knowledge'

/** A file with its planned edits. */
export interface EditedFile {
  readonly file: AnalyzedFile
  readonly edits: readonly TextEdit[]
  readonly sites: readonly Site[]
}

export interface BlamedSite {
  readonly site: Site
  /** They share a function; else it is only the nearest. */
  readonly isInside: boolean
}

/**
 * The rewritten site that an offset of the new text most probably belongs to: one of the innermost function that has any, else the last one
 * that begins at or before it.
 */
export function siteAtOffset(edited: EditedFile, offset: number): BlamedSite | undefined {
  if (offset < 0) return undefined
  const { text, path } = edited.file.source
  const before = offsetBefore(edited.edits, offset)
  const rewritten = edited.sites
    .filter((site) => site.verdict === 'rewritten')
    .sort((a, b) => a.line - b.line || a.column - b.column)
  for (const { start, end } of functionsAround(path, text, before)) {
    const [first, last] = [lineOf(text, start), lineOf(text, end)]
    const site = nearest(
      rewritten.filter(({ line }) => line >= first && line <= last),
      lineOf(text, before),
    )
    if (site !== undefined) return { site, isInside: true }
  }
  const site = nearest(rewritten, lineOf(text, before))
  return site && { site, isInside: false }
}

function nearest(sites: readonly Site[], line: number): Site | undefined {
  return sites.findLast((site) => site.line <= line) ?? sites[0]
}

function lineOf(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}
