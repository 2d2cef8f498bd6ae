import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

export type ModuleResolver = (
  name: string,
  fromFile: string,
  mode?: ts.ResolutionMode,
) => ts.ResolvedModuleFull | undefined

/**
 * Resolves as TypeScript does; a linked package of the workspace that is not built yet resolves to its sources, so that an
 * inventory needs no build.
 */
export function createModuleResolver(
  options: ts.CompilerOptions,
  directory: string,
  host: ts.ModuleResolutionHost = ts.sys,
): ModuleResolver {
  const cache = ts.createModuleResolutionCache(directory, (name) => name, options)
  return (name, fromFile, mode) => {
    const { resolvedModule } = ts.resolveModuleName(name, fromFile, options, host, cache, undefined, mode)
    return resolvedModule ?? resolveUnbuilt(name, fromFile)
  }
}

function resolveUnbuilt(name: string, fromFile: string): ts.ResolvedModuleFull | undefined {
  if (name.startsWith('.')) return undefined
  const parts = name.split('/')
  const packageName = parts.slice(0, name.startsWith('@') ? 2 : 1).join('/')
  const folder = linkedFolder(packageName, dirname(fromFile))
  if (folder === undefined) return undefined
  const subpath = name.slice(packageName.length + 1)
  const resolvedFileName = sourceCandidates(folder, subpath).find((path) => existsSync(path))
  if (resolvedFileName === undefined) return undefined
  const extension = resolvedFileName.slice(resolvedFileName.lastIndexOf('.'))
  return { resolvedFileName, extension, isExternalLibraryImport: false }
}

/** The real folder of a package that `node_modules` only links to; what is copied there is an installed library. */
function linkedFolder(packageName: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const link = join(folder, 'node_modules', packageName)
    if (existsSync(link)) {
      const real = realpathSync(link)
      return /[\\/]node_modules[\\/]/.test(real) ? undefined : real
    }
    if (dirname(folder) === folder) return undefined
  }
}

/** Where the sources of an entry may lie: its built file with the output folder left out or called `src`, and the usual places. */
export function sourceCandidates(folder: string, subpath: string): readonly string[] {
  const stems = builtFiles(folder, subpath).flatMap((file) => {
    const stem = file.replace(/^\.\//, '').replace(/(\.d)?\.[cm]?[jt]sx?$/, '')
    const inside = stem.split('/').slice(1).join('/')
    return [inside, join('src', inside), stem]
  })
  const usual = subpath === '' ? ['src/index', 'index'] : [join('src', subpath), subpath]
  return [...stems, ...usual]
    .filter((stem) => stem !== '')
    .flatMap((stem) => ['.ts', '.tsx', '.mts', '.cts'].map((extension) => join(folder, stem + extension)))
}

/** The files that the manifest names for an entry, whatever the condition. */
function builtFiles(folder: string, subpath: string): readonly string[] {
  let manifest: { types?: unknown; main?: unknown; exports?: unknown }
  try {
    manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as typeof manifest
  } catch {
    // No manifest, or none that parses: the usual places are still tried.
    return []
  }
  const key = subpath === '' ? '.' : `./${subpath}`
  const { exports: entries } = manifest
  const entry = isRecord(entries) && key in entries ? entries[key] : subpath === '' ? entries : undefined
  const named = subpath === '' ? [manifest.types, manifest.main] : []
  return [...filesIn(entry), ...named.filter((file) => typeof file === 'string')]
}

function filesIn(entry: unknown): readonly string[] {
  if (typeof entry === 'string') return [entry]
  return isRecord(entry) ? Object.values(entry).flatMap(filesIn) : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
