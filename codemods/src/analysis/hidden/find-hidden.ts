import type { HiddenDependency } from '../../model/hidden-dependency'
import type { SiteLabel } from '../../model/site'
import type { CalledFunctions } from '../modules/called-functions'
import { rootOf } from '../judge/describe-sites'
import type { ParsedPackage } from '../modules/parse-package'
import type { AnalyzedSite, FileAnalysis } from '../judge/package-analysis'
import { nameFilesBelow, toHiddenDependency, type Finding } from './dependency'
import { escapeSummary, isModuleState } from './escapes'
import { findListeners } from './listeners'
import { NestedAcquires } from './nested-acquires'
import { sharedByAwaits } from './shared-connections'

/** Everything in a package that couples code through a connection without saying so; by file, in the order of the text. */
export function findHidden(
  files: readonly FileAnalysis[],
  called: CalledFunctions,
  parsed: ParsedPackage,
): ReadonlyMap<FileAnalysis, readonly HiddenDependency[]> {
  const nested = findNested(
    files.flatMap((file) => file.sites),
    called,
    parsed,
  )
  return new Map(
    files.map((file) => {
      const nameFile = nameFilesBelow(rootOf(file))
      const own: readonly HiddenDependency[] = file.sites.flatMap(fromSite)
      const others = [
        ...nested.filter(({ node }) => node.getSourceFile() === file.sourceFile),
        ...file.sites.flatMap((one) => sharedByAwaits(one, called, parsed.checker)),
        ...findListeners(file.sourceFile, file.sites),
      ].map((finding: Finding) => toHiddenDependency(finding, nameFile))
      return [file, [...own, ...others].sort((a, b) => a.line - b.line || a.column - b.column)]
    }),
  )
}

/** How many files are parsed for calls that run while a connection is held, and how far away they are. */
const maxFiles = 60
const maxRounds = 4

/** Reads on along such calls, within limits: what lies beyond is not seen. */
function findNested(
  sites: readonly AnalyzedSite[],
  called: CalledFunctions,
  parsed: ParsedPackage,
): readonly Finding[] {
  const nested = new NestedAcquires(sites, called)
  let budget = maxFiles
  for (let round = 0; ; round += 1) {
    const found = nested.find()
    const wanted = [...called.takeWanted()].slice(0, budget)
    budget -= wanted.length
    if (wanted.length === 0 || round === maxRounds) return found
    parsed.include(wanted)
  }
}

/** What the site's own decision says already. */
function fromSite(one: AnalyzedSite): readonly HiddenDependency[] {
  const { site } = one
  const at = {
    file: site.file,
    line: site.line,
    column: site.column,
    site: site.id,
    witness: site.witness ?? [],
  }
  const escape = escapeSummary(one)
  return [
    ...(escape === undefined ? [] : [{ ...at, kind: 'escape' as const, summary: escape }]),
    ...(isModuleState(one)
      ? [{ ...at, kind: 'module-state' as const, summary: 'A variable of the module keeps a connection.' }]
      : []),
    ...(site.reason === 'not-awaited'
      ? [
          {
            ...at,
            kind: 'unawaited-scope' as const,
            summary: 'Nobody waits for this scope: it may outlive its caller, and its errors are lost.',
          },
        ]
      : []),
  ]
}

/** The files with what was found in each; a site says by a label when it holds another connection's wait, or is shared. */
export function withHidden(
  files: readonly FileAnalysis[],
  found: ReadonlyMap<FileAnalysis, readonly HiddenDependency[]>,
): readonly FileAnalysis[] {
  return files.map((file) => {
    const hiddenDependencies = found.get(file) ?? []
    const labelsOf = (id: string): readonly SiteLabel[] =>
      labels.filter((label) => hiddenDependencies.some(({ kind, site }) => kind === label && site === id))
    const sites = file.sites.map((one) => {
      const all = [...(one.site.labels ?? []), ...labelsOf(one.site.id)]
      return all.length === 0 ? one : { ...one, site: { ...one.site, labels: all } }
    })
    return { ...file, sites, hiddenDependencies }
  })
}

const labels = ['nested-acquire', 'shared-by-concurrent-awaits'] as const
