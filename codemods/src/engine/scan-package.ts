import type { Dialect } from '../model/dialect'
import type { HiddenDependency } from '../model/hidden-dependency'
import { inOrder } from '../model/order'
import type { PackageReport, Site } from '../model/site'
import type { DeclarationCache } from '../project/declaration-cache'
import { discoverFiles } from '../project/discover-files'
import type { DialectSuggestion } from '../model/dialect-suggestion'
import { mergeSuggestions, suggestedDialect } from '../model/dialect-suggestion'
import { compareText } from '../project/find-workspace'
import type { LoadedSources } from '../project/load-sources'
import { findUnresolvedImports } from '../project/unresolved-imports'
import type { Workspace, WorkspacePackage } from '../project/workspace'
import { analyzeSources } from './analyze-sources'
import type { AnalyzedFile, Knowledge } from './knowledge'
import { loadPackage } from './load-package'
import type { SurveyedPackage } from './survey-packages'

export interface ScanOptions {
  readonly workspace: Workspace
  readonly dialects: readonly Dialect[]
  readonly knowledge: Knowledge
  readonly includeTests: boolean
  /** The files of the package and those that this run answers for, when they are known already; what was read of them, too. */
  readonly surveyed?: Pick<SurveyedPackage, 'discovered' | 'own' | 'loaded'>
  /** Shared by the packages of one command. */
  readonly declarations?: DeclarationCache
  /** Called when much has been dropped. */
  readonly relieve?: () => void
}

/** One package read and analysed; nothing changed. */
export interface ScannedPackage {
  readonly target: WorkspacePackage
  readonly loaded: LoadedSources
  /** Ordered by path. */
  readonly files: readonly AnalyzedFile[]
  readonly report: PackageReport
  /** `file:line:column message`, for files that do not parse. */
  readonly syntaxErrors: readonly string[]
  /** What may have kept sites from being seen; for standard error. */
  readonly notes: readonly string[]
  /** APIs that no dialect knows and that look like one, the most frequent first. */
  readonly suggestions: readonly DialectSuggestion[]
}

/** @throws CodemodError `READ_FAILED`. */
export function scanPackage(target: WorkspacePackage, options: ScanOptions): ScannedPackage {
  const { dialects, knowledge, declarations, relieve } = options
  const loaded = loadAll(target, options)
  const analyzed = analyzeSources(knowledge, loaded.sources, dialects, {
    ...(target.connections === undefined ? {} : { connections: target.connections }),
    ...(declarations === undefined ? {} : { declarations }),
    ...(relieve === undefined ? {} : { relieve }),
  })
  const own = options.surveyed?.own
  const ownPaths = own === undefined ? undefined : new Set(own)
  const files = analyzed
    .filter(({ source }) => ownPaths?.has(source.path) ?? true)
    .sort((a, b) => compareText(a.source.relativePath, b.source.relativePath))
  const suggestions = mergeSuggestions(files.flatMap((file) => file.suggestions ?? [])).slice(0, 5)
  return {
    target,
    loaded,
    files,
    report: toPackageReport(
      target,
      own?.length ?? loaded.fileCount,
      files.flatMap((file) => file.sites),
      files.flatMap((file) => file.hiddenDependencies ?? []),
    ),
    syntaxErrors: files.flatMap(({ source, parseErrors }) =>
      parseErrors.map(
        ({ line, column, message }) => `${source.relativePath}:${String(line)}:${String(column)} ${message}`,
      ),
    ),
    notes: [
      ...loaded.notes,
      ...noteMissing(target, findUnresolvedImports(loaded.sources, dialects)),
      ...suggestions.map((one) => noteSuggestion(target, one)),
    ],
    suggestions,
  }
}

/** How often functions that give a connection lead to files with others. */
const maxRounds = 3

/** The files with a word of a dialect, then those that mention a function of the package that gives a connection. */
function loadAll(target: WorkspacePackage, options: ScanOptions): LoadedSources {
  const { workspace, dialects, knowledge, includeTests, surveyed } = options
  const { root, packages: otherPackages } = workspace
  const discovered = surveyed?.discovered ?? discoverFiles(target, { root, includeTests, otherPackages })
  const load = (words?: readonly string[]): LoadedSources =>
    loadPackage({ target, discovered }, options, knowledge, words)
  let words = knowledge.words(dialects)
  let loaded = surveyed?.loaded ?? load()
  for (let round = 0; round < maxRounds; round++) {
    const further = knowledge.furtherWords?.(loaded.sources, dialects, words) ?? []
    if (further.length === 0) break
    words = [...words, ...further]
    const before = loaded.sources.files.length
    loaded = load(words)
    if (loaded.sources.files.length === before) break
  }
  return loaded
}

function noteSuggestion(target: WorkspacePackage, one: DialectSuggestion): string {
  const call = `${one.receiver === '' ? '' : `${one.receiver}.`}${one.method}()`
  const times = one.count === 1 ? '' : `, and ${String(one.count - 1)} more`
  return `${target.name}: ${call} at ${one.file}:${String(one.line)}${times} looks like a connection taken by hand that no dialect knows. If it is one, add to \`dialects\`: ${suggestedDialect(one)}`
}

function noteMissing(target: WorkspacePackage, modules: readonly string[]): string[] {
  if (modules.length === 0) return []
  const shown = modules.slice(0, 5).join(', ') + (modules.length > 5 ? ', ...' : '')
  return [
    `${target.name}: cannot find ${shown}; call sites on what comes from there may be missing. Install the dependencies and build the packages it imports, then run again`,
  ]
}

export function toPackageReport(
  target: WorkspacePackage,
  files: number,
  sites: readonly Site[],
  hiddenDependencies: readonly HiddenDependency[] = [],
): PackageReport {
  return {
    name: target.name,
    path: target.path,
    files,
    sites: inOrder(sites),
    ...(hiddenDependencies.length === 0 ? {} : { hiddenDependencies: inOrder(hiddenDependencies) }),
  }
}
