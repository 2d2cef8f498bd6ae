import { realpathSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { ConnectionsReference, TargetStyle } from '../model/target'
import { CodemodError } from './codemod-error'
import type {
  CleanupConfig,
  ConnectionsConfig,
  ConnectionsPlace,
  PackageConfig,
  PackageStage,
  PgferryConfig,
} from './define-config'
import type { FoundWorkspace } from './find-workspace'
import { compareText, isInside, toRelative } from './find-workspace'
import { didYouMean } from './nearest-name'

/** One package with every default filled in. */
export interface WorkspacePackage {
  readonly name: string
  /** Relative to the root, with forward slashes; `.` for the root. */
  readonly path: string
  /** Absolute path. */
  readonly directory: string
  readonly component: string
  readonly purpose: string
  readonly stage: PackageStage
  readonly style: TargetStyle
  readonly connections?: ConnectionsReference
  readonly include?: readonly string[]
  readonly exclude: readonly string[]
}

export interface Workspace {
  /** Absolute path; reports and the journal are relative to it. */
  readonly root: string
  /** Absent when the packages were found without a configuration. */
  readonly configPath?: string
  /** Ordered by path. */
  readonly packages: readonly WorkspacePackage[]
  /** Undefined means every built-in dialect. */
  readonly dialects: PgferryConfig['dialects']
  readonly cleanup?: CleanupConfig
}

/**
 * The workspace of a configuration file.
 *
 * @throws CodemodError `PACKAGE_OUTSIDE_ROOT`, `PACKAGE_NOT_FOUND` (no such folder), `CONFIG_INVALID` (a folder twice).
 */
export function workspaceFromConfig(configPath: string, config: PgferryConfig): Workspace {
  const root = realpathSync(dirname(configPath))
  const packages = config.packages.map((entry) => resolvePackage(root, entry))
  refuseSharedFolders(packages)
  return {
    root,
    configPath,
    packages: byPath(packages),
    dialects: config.dialects,
    ...(config.cleanup === undefined ? {} : { cleanup: config.cleanup }),
  }
}

/** The workspace as the package manager declares it, with defaults for everything else. */
export function workspaceFromManifests(found: FoundWorkspace): Workspace {
  const root = realpathSync(found.root)
  const packages = found.packages
    .filter(({ path }) => isInside(root, realpathSync(resolve(root, path))))
    .map(({ name, path }) => resolvePackage(root, { name, path }))
  // a linked folder is a package once
  const isFirst = (entry: WorkspacePackage, position: number): boolean =>
    packages.findIndex(({ directory }) => directory === entry.directory) === position
  return { root, packages: byPath(packages.filter(isFirst)), dialects: undefined }
}

/**
 * The named packages, by name, by path or by the name without its scope; all when none is named. Ordered by path.
 *
 * @throws CodemodError `PACKAGE_NOT_FOUND` with the known names, `PACKAGE_OUTSIDE_ROOT` for a path that leaves the root.
 */
export function selectPackages(
  workspace: Workspace,
  names: readonly string[],
  cwd: string,
): readonly WorkspacePackage[] {
  if (names.length === 0) return workspace.packages
  const selected = new Set(names.map((name) => selectPackage(workspace, name, cwd)))
  return workspace.packages.filter((candidate) => selected.has(candidate))
}

function selectPackage(workspace: Workspace, name: string, cwd: string): WorkspacePackage {
  const { packages, root } = workspace
  const directory = resolve(cwd, name)
  const shortNamed = packages.filter((candidate) => candidate.name.replace(/^@[^/]+\//, '') === name)
  const found =
    packages.find((candidate) => candidate.name === name) ??
    (shortNamed.length === 1 ? shortNamed[0] : undefined) ??
    packages.find((candidate) => candidate.path === name.replace(/^\.\//, '').replace(/\/+$/, '')) ??
    packages.find((candidate) => candidate.directory === directory)
  if (found !== undefined) return found
  if (/^(\.\.?)?[/\\]|^\.\.$/.test(name) && !isInside(root, directory))
    throw outsideRoot(name, directory, root)
  const known = packages.map((candidate) => candidate.name)
  throw new CodemodError(
    'PACKAGE_NOT_FOUND',
    `there is no package "${name}".${didYouMean(name, known)}`,
    known.map((knownName) => `known: ${knownName}`),
  )
}

function resolvePackage(root: string, entry: PackageConfig): WorkspacePackage {
  const directory = resolve(root, entry.path)
  if (!isInside(root, directory)) throw outsideRoot(entry.name, directory, root)
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new CodemodError(
      'PACKAGE_NOT_FOUND',
      `package "${entry.name}": there is no folder ${directory}`,
      [],
      {
        hint: 'Correct its `path` in the configuration; it is relative to the configuration file.',
      },
    )
  }
  const real = realpathSync(directory)
  if (!isInside(root, real)) throw outsideRoot(entry.name, real, root)
  const component = entry.component ?? entry.name
  return {
    name: entry.name,
    path: toRelative(root, real),
    directory: real,
    component,
    purpose: entry.purpose ?? 'general',
    stage: entry.stage ?? 'legacy',
    style: entry.style ?? 'await-using',
    ...(entry.connections === undefined ? {} : { connections: toReference(entry.connections) }),
    ...(entry.include === undefined ? {} : { include: entry.include }),
    exclude: entry.exclude ?? [],
  }
}

/** Two entries for one folder would rewrite the same files twice. */
function refuseSharedFolders(packages: readonly WorkspacePackage[]): void {
  const problems = packages.flatMap((entry, position) => {
    const first = packages.findIndex((other) => other.directory === entry.directory)
    return first < position
      ? [
          `packages[${String(position)}].path: received "${entry.path}", which is already packages[${String(first)}]`,
        ]
      : []
  })
  if (problems.length > 0) throw new CodemodError('CONFIG_INVALID', 'two packages share a folder', problems)
}

/** The configured form as the rest of the tool knows it. */
export function toReference(connections: ConnectionsConfig): ConnectionsReference {
  const places = isList(connections) ? connections : [connections]
  const preferred = places.slice(0, -1).flatMap((one) => ('expression' in one ? one.expression : []))
  const last = places.at(-1)
  if (last === undefined)
    throw new TypeError('`connections` is a list without a place; validateConfig refuses that')
  return {
    ...('expression' in last
      ? { kind: 'expression', expression: last.expression }
      : { kind: 'import', name: last.import, from: last.from }),
    ...(preferred.length > 0 && { preferred }),
  }
}

function isList(connections: ConnectionsConfig): connections is readonly ConnectionsPlace[] {
  return Array.isArray(connections)
}

function outsideRoot(name: string, directory: string, root: string): CodemodError {
  return new CodemodError(
    'PACKAGE_OUTSIDE_ROOT',
    `package "${name}" lies in ${directory}, which is not below ${root}`,
  )
}

function byPath(packages: readonly WorkspacePackage[]): WorkspacePackage[] {
  return [...packages].sort((a, b) => compareText(a.path, b.path))
}
