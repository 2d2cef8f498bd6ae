import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Folders that usually hold the output of a build. */
const usualOutput: ReadonlySet<string> = new Set(['dist', 'build', 'out'])

/**
 * Folders with a name of build output that are the package's own sources all the same: package.json leads there, and neither a
 * tsconfig nor a file of TypeScript shows what they could have been built from.
 */
export function shippedFolders(directory: string, files: readonly string[]): readonly string[] {
  const isBuilt =
    existsSync(join(directory, 'tsconfig.json')) || files.some((path) => /\.([cm]?ts|tsx|jsx)$/.test(path))
  const manifest = join(directory, 'package.json')
  if (isBuilt || !existsSync(manifest)) return []
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(manifest, 'utf8'))
  } catch {
    // a manifest that does not parse leads nowhere; the workspace reports it
    return []
  }
  if (typeof parsed !== 'object' || parsed === null) return []
  const { main, module, types, typings, bin, exports } = parsed as Readonly<Record<string, unknown>>
  const paths = [main, module, types, typings, bin, exports].flatMap(pathsIn)
  const folders = paths.map((path) => path.replace(/^\.\//, '').split('/')[0] ?? '')
  return [...new Set(folders)].filter(
    (folder) => usualOutput.has(folder) && existsSync(join(directory, folder)),
  )
}

/** Every string in a field that may be a path, a list or nested conditions. */
function pathsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(pathsIn) : []
}
