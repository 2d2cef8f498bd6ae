import { join, relative } from 'node:path'
import type { CleanupContext } from './context'
import type { CleanupPackage } from './load-workspace'
import { matchesPattern } from './flag-roots'
import { stemOf } from './module-graph'

/** Whether a file is run or published by itself: nobody needs to import it. */
export function isEntryFile(path: string, context: CleanupContext): boolean {
  const entry = context.packageOf(path)
  if (entry === undefined) return true
  const inside = relative(entry.directory, path)
  if (/(^|\/)(test|tests|__tests__)\/|\.(test|spec)(s?\/|\.[cm]?[jt]sx?$)|\.config\.[cm]?[jt]s$/.test(inside))
    return true
  if (/^#!/.test(context.texts.text(path) ?? '')) return true
  const fromRoot = relative(context.workspace.root, path)
  if (context.workspace.config.entries?.some((pattern) => matchesPattern(fromRoot, pattern)) === true)
    return true
  if (publishedFiles(entry).some((stem) => stem === stemOf(path))) return true
  const scripts = entry.manifest?.otherText ?? ''
  return scripts.includes(stemOf(inside)) || scripts.includes(stemOf(inside).replace(/^src\//, ''))
}

/** Stems of the sources that a package.json names, built or not. */
function publishedFiles({ manifest, directory, sourceCandidates }: CleanupPackage): readonly string[] {
  const named = (manifest?.entryFiles ?? []).map((file) => join(directory, file))
  const usual = ['index', 'src/index'].map((stem) => join(directory, stem))
  return [
    ...named.flatMap((file) => [
      stemOf(file.replace(/\.d\.([cm]?ts)$/, '.$1')),
      ...sourceCandidates(file).map(stemOf),
    ]),
    ...usual,
  ]
}

/** Whether strangers may import from a file: it is an entry of a package that is published. */
export function isPublicEntry(path: string, context: CleanupContext): boolean {
  const entry = context.packageOf(path)
  if (entry?.manifest === undefined || entry.manifest.isPrivate) return false
  return publishedFiles(entry).includes(stemOf(path))
}
