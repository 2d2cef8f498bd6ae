import { globSync } from 'tinyglobby'
import { resolve } from 'node:path'
import { toRelative } from './find-workspace'
import { shippedFolders } from './shipped-folders'
import { walkSources } from './walk-sources'
import type { LeftOutKind, WalkedSources } from './walk-sources'
import type { WorkspacePackage } from './workspace'

export interface DiscoverOptions {
  /** Absolute path of the workspace. */
  readonly root: string
  readonly includeTests: boolean
  /** Packages whose folders lie inside this one keep their own files. */
  readonly otherPackages: readonly WorkspacePackage[]
  /** Shared by the packages of one command, so that two links to one place give it to the first of them. */
  readonly claimed?: Set<string>
}

export interface DiscoveredFiles {
  /** Absolute paths in the order of their names. */
  readonly files: readonly string[]
  /** What was left out, for standard error. */
  readonly notes: readonly string[]
}

/**
 * A package's source files. `include` and `exclude` choose among them; an `include` that names a folder such as `vendor` or `build`
 * means it.
 */
export function discoverFiles(target: WorkspacePackage, options: DiscoverOptions): DiscoveredFiles {
  const walk = (wantedFolders: ReadonlySet<string>): WalkedSources =>
    walkSources(target.directory, {
      root: options.root,
      includeTests: options.includeTests,
      foreignFolders: options.otherPackages
        .filter((other) => other !== target)
        .map(({ directory }) => directory),
      claimed: options.claimed ?? new Set(),
      wantedFolders,
    })
  const named = literalFolders(target.include ?? [])
  const first = walk(named)
  const shipped = target.include === undefined ? shippedFolders(target.directory, first.files) : []
  const walked = shipped.length === 0 ? first : walk(new Set([...named, ...shipped]))
  const included = target.include === undefined ? undefined : matching(target, target.include)
  const excluded = target.exclude.length === 0 ? undefined : matching(target, target.exclude)
  const isChosen = (path: string): boolean =>
    (included === undefined || included.has(path)) && excluded?.has(path) !== true
  return {
    files: walked.files.filter(isChosen),
    notes: [
      ...(['generated', 'vendored'] as const).flatMap((kind) => noteOf(kind, walked, target, isChosen)),
      ...shipped.map(
        (folder) =>
          `${target.name}: ${folder} was looked at too: package.json leads there and nothing else looks like its sources`,
      ),
    ],
  }
}

function matching(target: WorkspacePackage, patterns: readonly string[]): ReadonlySet<string> {
  const found = globSync([...patterns], {
    cwd: target.directory,
    absolute: true,
    ignore: ['**/node_modules/**'],
    followSymbolicLinks: false,
    expandDirectories: false,
    onlyFiles: true,
  })
  return new Set(found.map((path) => resolve(path)))
}

function literalFolders(patterns: readonly string[]): ReadonlySet<string> {
  return new Set(patterns.flatMap((pattern) => pattern.split('/').slice(0, -1)))
}

function noteOf(
  kind: LeftOutKind,
  { leftOut }: WalkedSources,
  target: WorkspacePackage,
  isChosen: (path: string) => boolean,
): string[] {
  const paths = leftOut[kind].filter(isChosen).map((path) => toRelative(target.directory, path))
  if (paths.length === 0) return []
  const shown = paths.slice(0, 3).join(', ') + (paths.length > 3 ? ', ...' : '')
  const files = paths.length === 1 ? '1 file' : `${String(paths.length)} files`
  return [`${target.name}: left out ${files} that ${paths.length === 1 ? 'is' : 'are'} ${kind}: ${shown}`]
}
