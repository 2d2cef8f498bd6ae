import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { findWorkspace } from './find-workspace'
import { sourceCandidates } from './resolve-module'

/** A larger file is a bundle, and what it holds is no helper that anybody wrote for this. */
const maxBytes = 600_000

/** Conditions of `exports` under which Node finds code, in no order: that of the manifest counts. */
const conditions: ReadonlySet<string> = new Set([
  'node',
  'import',
  'module',
  'module-sync',
  'require',
  'default',
])

/**
 * The code behind an import of another package: sources where the package belongs to the workspace, what it ships where it is installed.
 * Undefined where there is none that can be read.
 */
export class ForeignModules {
  private readonly known = new Map<string, string | undefined>()
  private readonly members = new Map<string, ReadonlyMap<string, string>>()

  resolve(specifier: string, fromFile: string): string | undefined {
    const isPath = specifier.startsWith('.') || specifier.startsWith('/') || specifier.startsWith('#')
    if (isPath || isBuiltin(specifier)) return undefined
    const key = `${dirname(fromFile)}\0${specifier}`
    if (!this.known.has(key)) this.known.set(key, this.find(specifier, fromFile))
    return this.known.get(key)
  }

  private find(specifier: string, fromFile: string): string | undefined {
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
    const subpath = specifier.slice(name.length + 1)
    const found = installedFolder(name, dirname(fromFile)) ?? this.memberFolder(name, dirname(fromFile))
    if (found === undefined) return undefined
    const folder = realpathSync(found)
    const isOwn = !/[\\/]node_modules[\\/]/.test(folder)
    const sources = isOwn ? sourceCandidates(folder, subpath) : []
    return [...sources, ...shippedFiles(folder, subpath)].find(isReadable)
  }

  /** A package of the workspace whose dependencies are not installed. */
  private memberFolder(name: string, from: string): string | undefined {
    const known = this.members.get(from)
    if (known !== undefined) return known.get(name)
    const folders = new Map<string, string>()
    try {
      const { root, packages } = findWorkspace(from)
      for (const one of packages) folders.set(one.name, join(root, one.path))
    } catch {
      // A manifest that does not parse: the scan says so itself; here it is merely a package that is not found.
    }
    this.members.set(from, folders)
    return folders.get(name)
  }
}

function installedFolder(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name)
    if (existsSync(join(path, 'package.json'))) return path
    if (dirname(folder) === folder) return undefined
  }
}

function isReadable(path: string): boolean {
  if (!/\.[cm]?[jt]sx?$/.test(path) || /\.d\.[cm]?ts$/.test(path)) return false
  // Asked first, because it throws nowhere: a file may stand where a folder was looked for.
  if (!existsSync(path)) return false
  const found = statSync(path)
  return found.isFile() && found.size <= maxBytes
}

interface Manifest {
  readonly main?: unknown
  readonly module?: unknown
  readonly exports?: unknown
}

/** The files of an entry as Node would look for them, modules first. */
function shippedFiles(folder: string, subpath: string): readonly string[] {
  let manifest: Manifest
  try {
    manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  } catch {
    // No manifest, or none that parses: nothing says where the code lies.
    return []
  }
  const { exports: entries } = manifest
  if (entries !== undefined && entries !== null) {
    const files = targetsOf(entryOf(entries, subpath === '' ? '.' : `./${subpath}`))
    return files.map((file) => join(folder, file))
  }
  const named = [manifest.module, manifest.main].filter((file) => typeof file === 'string')
  const stems = subpath === '' ? [...named, 'index'] : [subpath, join(subpath, 'index')]
  return stems.flatMap((stem) =>
    ['', '.js', '.mjs', '.cjs', '/index.js'].map((end) => join(folder, `${stem}${end}`)),
  )
}

function entryOf(entries: unknown, key: string): unknown {
  if (!isRecord(entries) || !Object.keys(entries).some((name) => name.startsWith('.')))
    return key === '.' ? entries : undefined
  if (key in entries) return entries[key]
  for (const [pattern, target] of Object.entries(entries)) {
    const [start = '', end] = pattern.split('*')
    if (end === undefined || !key.startsWith(start) || !key.endsWith(end)) continue
    return replaceStar(target, key.slice(start.length, key.length - end.length))
  }
  return undefined
}

function replaceStar(target: unknown, part: string): unknown {
  if (typeof target === 'string') return target.replaceAll('*', part)
  if (!isRecord(target)) return target
  return Object.fromEntries(Object.entries(target).map(([name, value]) => [name, replaceStar(value, part)]))
}

function targetsOf(entry: unknown): readonly string[] {
  if (typeof entry === 'string') return [entry]
  if (Array.isArray(entry)) return entry.flatMap(targetsOf)
  if (!isRecord(entry)) return []
  return Object.entries(entry).flatMap(([name, value]) => (conditions.has(name) ? targetsOf(value) : []))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
