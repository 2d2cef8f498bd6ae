import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CleanupConfig } from '../project/define-config'
import { discoverFiles } from '../project/discover-files'
import { CodemodError, describeCause } from '../project/codemod-error'
import { findWorkspace } from '../project/find-workspace'
import { readTsconfig } from '../project/read-tsconfig'
import type { Workspace, WorkspacePackage } from '../project/workspace'
import type { Manifest } from './manifest'
import { readManifest } from './manifest'
import { sourceCandidates } from './source-candidates'

/** A package of the workspace as a clean-up sees it. */
export interface CleanupPackage {
  readonly target: WorkspacePackage
  readonly directory: string
  readonly tsconfigPath?: string
  readonly manifest?: Manifest
  /** Whether its files may be changed. */
  readonly isSelected: boolean
  /** Absolute paths of its sources and tests, whatever the configuration leaves out of a rewrite. */
  readonly files: readonly string[]
  readonly sourceCandidates: (built: string) => readonly string[]
}

export interface CleanupWorkspace {
  readonly root: string
  readonly packages: readonly CleanupPackage[]
  /** Absolute path to text, of every file of every package. */
  readonly texts: ReadonlyMap<string, string>
  /** Declaration files that no import leads to. */
  readonly ambient: readonly string[]
  readonly config: CleanupConfig
}

/**
 * Reads every package of the workspace: a name is unused only when nobody uses it, in tests and other packages either.
 *
 * @throws CodemodError `READ_FAILED` naming the file.
 */
export function loadWorkspace(workspace: Workspace, selected: readonly WorkspacePackage[]): CleanupWorkspace {
  const all = [...workspace.packages, ...unlistedPackages(workspace)]
  const packages = all.map((target) =>
    loadPackage(target, all, { root: workspace.root, isSelected: selected.includes(target) }),
  )
  const texts = new Map<string, string>()
  for (const { files } of packages) {
    for (const path of files) {
      const text = readText(path)
      if (text !== undefined) texts.set(path, text)
    }
  }
  const ambient = packages.flatMap(({ tsconfigPath }) =>
    tsconfigPath === undefined
      ? []
      : readTsconfig(tsconfigPath).fileNames.filter((path) => /\.d\.[cm]?ts$/.test(path)),
  )
  return {
    root: workspace.root,
    packages,
    texts,
    ambient: [...new Set(ambient)],
    config: workspace.cleanup ?? {},
  }
}

/**
 * Packages that the configuration does not name, and what lies outside of all packages: never changed, but what they use is used.
 */
function unlistedPackages(workspace: Workspace): readonly WorkspacePackage[] {
  const listed = new Set(workspace.packages.map(({ directory }) => directory))
  const found = findWorkspace(workspace.root)
  const folders = found.root === workspace.root ? found.packages : []
  const root = { name: '.', path: '.' }
  const unlisted = [...folders.filter(({ path }) => path !== '.'), root].map(
    ({ name, path }): WorkspacePackage => ({
      name,
      path,
      directory: path === '.' ? workspace.root : join(workspace.root, path),
      component: name,
      purpose: 'general',
      stage: 'legacy',
      style: 'await-using',
      exclude: [],
    }),
  )
  return unlisted.filter(({ directory }) => !listed.has(directory))
}

const everySource = ['**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}']

function loadPackage(
  target: WorkspacePackage,
  all: readonly WorkspacePackage[],
  { root, isSelected }: { readonly root: string; readonly isSelected: boolean },
): CleanupPackage {
  const { directory } = target
  const everything = { ...target, include: everySource, exclude: [] }
  const otherPackages = all.filter((one) => one !== target)
  const { files } = discoverFiles(everything, { root, includeTests: true, otherPackages })
  const tsconfigPath = nearestTsconfig(directory, root)
  const manifest = readManifest(join(directory, 'package.json'))
  return {
    target,
    directory,
    isSelected,
    files,
    ...(tsconfigPath === undefined ? {} : { tsconfigPath }),
    ...(manifest === undefined ? {} : { manifest }),
    sourceCandidates: (built) => sourceCandidates(directory, tsconfigPath, built),
  }
}

/** Undefined when encoding the text again would not give the same bytes: such a file is left alone. */
function readText(path: string): string | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new CodemodError('READ_FAILED', `${path} cannot be read: ${describeCause(cause)}`, [], { cause })
  }
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? text : undefined
}

function nearestTsconfig(directory: string, root: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    const path = join(folder, 'tsconfig.json')
    if (existsSync(path)) return path
    if (folder === root || dirname(folder) === folder) return undefined
  }
}
