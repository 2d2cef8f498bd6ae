import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { globSync } from 'tinyglobby'
import { CodemodError, describeCause } from './codemod-error'
import { pnpmPatterns } from './pnpm-patterns'

/** A package as the package manager's files declare it. */
interface FoundPackage {
  readonly name: string
  /** Relative to the root with forward slashes; `.` for the root itself. */
  readonly path: string
}

export interface FoundWorkspace {
  /** Absolute path. */
  readonly root: string
  /** Ordered by path. */
  readonly packages: readonly FoundPackage[]
}

interface Manifest {
  readonly name?: unknown
  readonly workspaces?: unknown
}

/**
 * Finds the workspace that `cwd` lies in: npm, yarn or bun `workspaces`, `pnpm-workspace.yaml`, `lerna.json`, projects of `nx.json`; or
 * the nearest package with those below it; or the bare folder. Code that lies in none of the packages belongs to the root.
 *
 * @throws CodemodError `READ_FAILED` when a manifest does not parse.
 */
export function findWorkspace(cwd: string): FoundWorkspace {
  const folders = foldersUpToRepository(resolve(cwd))
  for (const root of folders) {
    const patterns = workspacePatterns(root)
    if (patterns === undefined) continue
    const packages = packagesOf(root, patterns)
    const isMember = packages.some(({ path }) => isInside(resolve(root, path), resolve(cwd)))
    // a folder such as `packages` or `docs` belongs to the workspace, a package that it leaves out does not
    const nearest = folders.find((folder) => hasManifest(folder))
    if (isMember || root === resolve(cwd) || nearest === root)
      return { root, packages: withRootPackage(root, packages) }
  }
  const root = folders.find((folder) => hasManifest(folder)) ?? resolve(cwd)
  const inside = packagesOf(root, {
    manifests: ['*/**/package.json'],
    ignore: [...notOwn, '**/{test,tests,__tests__,fixtures}/**'],
  })
  return { root, packages: inside.length === 0 ? [packageAt(root, '.')] : withRootPackage(root, inside) }
}

/** Whether `path` is `folder` or lies below it. Both absolute. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

/** `path` relative to `root`, with forward slashes; `.` for the root. */
export function toRelative(root: string, path: string): string {
  return relative(root, path).split(sep).join('/') || '.'
}

function foldersUpToRepository(cwd: string): string[] {
  const folders = [cwd]
  let folder = cwd
  while (!existsSync(join(folder, '.git')) && dirname(folder) !== folder) {
    folder = dirname(folder)
    folders.push(folder)
  }
  return folders
}

interface WorkspacePatterns {
  /** Glob patterns of files that make their folder a package. */
  readonly manifests: readonly string[]
  readonly ignore: readonly string[]
}

const notOwn = ['**/node_modules/**', '**/bower_components/**', '**/{dist,build,out,coverage,.*}/**']

/** What the tools of a workspace declare; undefined when `root` is not the root of one. */
function workspacePatterns(root: string): WorkspacePatterns | undefined {
  const declared = declaredPatterns(root)
  const nx = nxPatterns(root)
  if (declared === undefined && nx === undefined) return undefined
  const negative = (declared ?? []).filter((pattern) => pattern.startsWith('!'))
  return {
    manifests: [
      ...(declared ?? []).filter((pattern) => !pattern.startsWith('!')).map(manifestPattern),
      ...(nx ?? []),
    ],
    ignore: ['**/node_modules/**', ...negative.map((pattern) => manifestPattern(pattern.slice(1)))],
  }
}

function declaredPatterns(root: string): readonly string[] | undefined {
  const pnpm = join(root, 'pnpm-workspace.yaml')
  if (existsSync(pnpm)) return pnpmPatterns(readFileSync(pnpm, 'utf8'))
  const declared = readManifest(root)?.workspaces
  const patterns = isRecord(declared) ? declared.packages : declared
  if (Array.isArray(patterns)) return textsOf(patterns)
  const lerna = readJson(join(root, 'lerna.json'))
  return lerna === undefined
    ? undefined
    : Array.isArray(lerna.packages)
      ? textsOf(lerna.packages)
      : ['packages/*']
}

/** Projects of Nx have a project.json or a package.json, at any depth below the folders of its layout. */
function nxPatterns(root: string): readonly string[] | undefined {
  const nx = readJson(join(root, 'nx.json'))
  if (nx === undefined) return undefined
  const layout = isRecord(nx.workspaceLayout) ? nx.workspaceLayout : {}
  const folders = textsOf([layout.appsDir ?? 'apps', layout.libsDir ?? 'libs', 'packages'])
  return [...new Set(folders)].flatMap((folder) => [
    `${folder}/**/project.json`,
    `${folder}/*/**/package.json`,
  ])
}

function packagesOf(root: string, { manifests, ignore }: WorkspacePatterns): FoundPackage[] {
  const found = globSync([...manifests], {
    cwd: root,
    ignore: [...notOwn, ...ignore],
    followSymbolicLinks: false,
    expandDirectories: false,
  })
  return [...new Set(found.map((manifest) => toRelative(root, dirname(resolve(root, manifest)))))]
    .sort(compareText)
    .map((path) => packageAt(root, path))
}

function manifestPattern(pattern: string): string {
  return `${pattern.replace(/^\.\//, '').replace(/\/+$/, '')}/package.json`
}

function textsOf(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string')
}

/** Code outside every member belongs to a package of the root's own. */
function withRootPackage(root: string, packages: readonly FoundPackage[]): FoundPackage[] {
  const isListed = packages.some(({ path }) => path === '.')
  return isListed ? [...packages] : [packageAt(root, '.'), ...packages]
}

function packageAt(root: string, path: string): FoundPackage {
  const folder = resolve(root, path)
  const name = readManifest(folder)?.name ?? readJson(join(folder, 'project.json'))?.name
  return { name: typeof name === 'string' && name !== '' ? name : basename(folder), path }
}

function hasManifest(folder: string): boolean {
  return existsSync(join(folder, 'package.json'))
}

function readManifest(folder: string): Manifest | undefined {
  return readJson(join(folder, 'package.json'))
}

function readJson(path: string): Readonly<Record<string, unknown>> | undefined {
  if (!existsSync(path)) return undefined
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
    return isRecord(parsed) ? parsed : undefined
  } catch (cause) {
    throw new CodemodError('READ_FAILED', `${path} cannot be read: ${describeCause(cause)}`, [], { cause })
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Order by code units: the same on every machine, unlike a locale's. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
