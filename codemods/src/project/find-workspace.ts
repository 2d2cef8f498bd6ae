import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { globSync } from 'tinyglobby'
import { CodemodError, describeCause } from './codemod-error'

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
 * Finds the workspace that `cwd` lies in: npm or yarn `workspaces`, `pnpm-workspace.yaml`, or the single package, or the
 * bare folder.
 *
 * @throws CodemodError `READ_FAILED` when a package.json does not parse.
 */
export function findWorkspace(cwd: string): FoundWorkspace {
  const folders = foldersUpToRepository(resolve(cwd))
  for (const root of folders) {
    const patterns = workspacePatterns(root)
    if (patterns === undefined) continue
    const packages = packagesOf(root, patterns)
    const isMember = packages.some(({ path }) => isInside(resolve(root, path), resolve(cwd)))
    // a folder such as `packages` or `docs` belongs to the workspace, a package that it leaves out does not
    const nearest = folders.find((folder) => existsSync(join(folder, 'package.json')))
    if (isMember || root === resolve(cwd) || nearest === root)
      return { root, packages: withRootPackage(root, packages) }
  }
  const root = folders.find((folder) => existsSync(join(folder, 'package.json'))) ?? resolve(cwd)
  return { root, packages: [packageAt(root, '.')] }
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

function workspacePatterns(root: string): readonly string[] | undefined {
  const pnpm = join(root, 'pnpm-workspace.yaml')
  if (existsSync(pnpm)) return pnpmPatterns(readFileSync(pnpm, 'utf8'))
  const declared = readManifest(root)?.workspaces
  const patterns = isRecord(declared) ? declared.packages : declared
  if (!Array.isArray(patterns)) return undefined
  return patterns.filter((pattern): pattern is string => typeof pattern === 'string')
}

/** The `packages:` list of a pnpm-workspace.yaml: block or flow sequence of plain or quoted strings. */
export function pnpmPatterns(yaml: string): string[] {
  const lines = yaml.split(/\r?\n/)
  const start = lines.findIndex((line) => /^packages\s*:/.test(line))
  if (start === -1) return []
  const flow = /^packages\s*:\s*\[(.*)\]/.exec(lines[start] ?? '')
  if (flow !== null) return (flow[1] ?? '').split(',').map(unquote).filter(Boolean)
  const patterns: string[] = []
  for (const line of lines.slice(start + 1)) {
    const item = /^\s*-\s+(.*)$/.exec(line)
    if (item !== null) patterns.push(unquote(item[1] ?? ''))
    else if (/^\S/.test(line) && !line.startsWith('#')) break
  }
  return patterns.filter(Boolean)
}

function unquote(item: string): string {
  const trimmed = item.trim()
  const quoted = /^(['"])(.*?)\1/.exec(trimmed)
  return quoted !== null ? (quoted[2] ?? '') : trimmed.replace(/\s+#.*$/, '')
}

function packagesOf(root: string, patterns: readonly string[]): FoundPackage[] {
  const positive = patterns.filter((pattern) => !pattern.startsWith('!'))
  const negative = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))
  const manifests = globSync(positive.map(manifestPattern), {
    cwd: root,
    ignore: ['**/node_modules/**', ...negative.map(manifestPattern)],
    followSymbolicLinks: false,
    expandDirectories: false,
  })
  return [...new Set(manifests.map((manifest) => toRelative(root, dirname(resolve(root, manifest)))))]
    .sort(compareText)
    .map((path) => packageAt(root, path))
}

function manifestPattern(pattern: string): string {
  return `${pattern.replace(/^\.\//, '').replace(/\/+$/, '')}/package.json`
}

/** A workspace root with sources of its own is a package too. */
function withRootPackage(root: string, packages: readonly FoundPackage[]): FoundPackage[] {
  const hasSources = existsSync(join(root, 'src')) && statSync(join(root, 'src')).isDirectory()
  const isListed = packages.some(({ path }) => path === '.')
  return hasSources && !isListed ? [packageAt(root, '.'), ...packages] : [...packages]
}

function packageAt(root: string, path: string): FoundPackage {
  const folder = resolve(root, path)
  const name = readManifest(folder)?.name
  return { name: typeof name === 'string' && name !== '' ? name : basename(folder), path }
}

function readManifest(folder: string): Manifest | undefined {
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return undefined
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
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
