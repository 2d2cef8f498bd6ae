import type ts from 'typescript'
import { scanText } from './import-scan'
import type { ImportScanner, ScannedText } from './import-scan'

/** What a program over some files has to be given at once; the sources that these lead to can wait until a name leads there. */
export interface NearFiles {
  readonly roots: readonly string[]
  /** Whether what an import leads to can wait. */
  readonly canWait: (resolved: ts.ResolvedModuleFull) => boolean
}

export interface NearOptions {
  readonly options: ts.CompilerOptions
  readonly scanner: ImportScanner
  readonly resolve: (specifier: string, fromFile: string) => ts.ResolvedModuleFull | undefined
}

/**
 * Follows imports from `roots` without parsing anything. Declarations that are met anywhere on the way are given at once, for they may
 * add to globals; sources that only speak for themselves wait.
 *
 * @param changed texts that may take the place of those on disk: the answer holds with them and without.
 */
export function findNearFiles(
  roots: readonly string[],
  changed: ReadonlyMap<string, string>,
  { options, scanner, resolve }: NearOptions,
): NearFiles {
  const given = new Set(roots)
  const seen = new Set(roots)
  const queue = [...roots]
  const textOf = (path: string): ScannedText => {
    const onDisk = scanner.ofFile(path)
    const text = changed.get(path)
    if (text === undefined) return onDisk
    const { affectsEveryFile, specifiers } = scanText(path, text)
    return {
      affectsEveryFile: affectsEveryFile || onDisk.affectsEveryFile,
      specifiers: [...specifiers, ...onDisk.specifiers],
    }
  }
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    // what a declaration imports is followed by the compiler
    if (isDeclaration(path)) continue
    for (const specifier of textOf(path).specifiers) {
      const target = resolve(specifier, path)
      if (target === undefined || seen.has(target.resolvedFileName)) continue
      seen.add(target.resolvedFileName)
      if (isOwnSource(target, options)) {
        if (textOf(target.resolvedFileName).affectsEveryFile) given.add(target.resolvedFileName)
        queue.push(target.resolvedFileName)
      } else if (isRead(target, options)) given.add(target.resolvedFileName)
    }
  }
  return {
    roots: [...given],
    canWait: (resolved) => isOwnSource(resolved, options) && !given.has(resolved.resolvedFileName),
  }
}

function isDeclaration(path: string): boolean {
  return /\.d\.([^.]+\.)?[cm]?ts$/.test(path)
}

/** TypeScript that somebody of the workspace wrote. */
function isOwnSource(
  { resolvedFileName, extension, isExternalLibraryImport }: ts.ResolvedModuleFull,
  { jsx }: ts.CompilerOptions,
): boolean {
  if (isExternalLibraryImport === true || isDeclaration(resolvedFileName)) return false
  return /^\.[cm]?ts$/.test(extension) || (extension === '.tsx' && jsx !== undefined)
}

/** Whether a program would read it at all. */
function isRead(
  { resolvedFileName, extension, isExternalLibraryImport }: ts.ResolvedModuleFull,
  { allowJs, resolveJsonModule }: ts.CompilerOptions,
): boolean {
  if (isDeclaration(resolvedFileName)) return true
  if (extension === '.json') return resolveJsonModule === true
  return /^\.[cm]?jsx?$/.test(extension) && allowJs === true && isExternalLibraryImport !== true
}
