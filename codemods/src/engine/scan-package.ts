import type { Dialect } from '../model/dialect'
import type { PackageReport, Site } from '../model/site'
import { compareText } from '../project/find-workspace'
import type { DeclarationCache } from '../project/declaration-cache'
import type { LoadedSources } from '../project/load-sources'
import { loadSources } from '../project/load-sources'
import { findUnresolvedImports } from '../project/unresolved-imports'
import type { Workspace, WorkspacePackage } from '../project/workspace'
import type { AnalyzedFile, Knowledge } from './knowledge'

export interface ScanOptions {
  readonly workspace: Workspace
  readonly dialects: readonly Dialect[]
  readonly knowledge: Knowledge
  readonly includeTests: boolean
  /** Shared by the packages of one command. */
  readonly declarations?: DeclarationCache
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
}

/** @throws CodemodError `READ_FAILED`. */
export function scanPackage(target: WorkspacePackage, options: ScanOptions): ScannedPackage {
  const { workspace, dialects, knowledge, declarations } = options
  const loaded = loadSources(target, {
    root: workspace.root,
    words: knowledge.words(dialects),
    includeTests: options.includeTests,
    otherPackages: workspace.packages,
  })
  const analyzed = knowledge.analyze(loaded.sources, dialects, {
    ...(target.connections === undefined ? {} : { connections: target.connections }),
    ...(declarations === undefined ? {} : { declarations }),
  })
  const files = [...analyzed].sort((a, b) => compareText(a.source.relativePath, b.source.relativePath))
  return {
    target,
    loaded,
    files,
    report: toPackageReport(
      target,
      loaded.fileCount,
      files.flatMap((file) => file.sites),
    ),
    syntaxErrors: files.flatMap(({ source, parseErrors }) =>
      parseErrors.map(
        ({ line, column, message }) => `${source.relativePath}:${String(line)}:${String(column)} ${message}`,
      ),
    ),
    notes: [...loaded.notes, ...noteMissing(target, findUnresolvedImports(loaded.sources, dialects))],
  }
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
): PackageReport {
  const ordered = [...sites].sort(
    (a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column,
  )
  return { name: target.name, path: target.path, files, sites: ordered }
}
