import { isBuiltin } from 'node:module'
import ts from 'typescript'
import type { Dialect } from '../model/dialect'
import type { PackageSources } from '../model/source'
import { compareText } from './find-workspace'
import { importedNames } from './import-scan'
import { readCompilerOptions } from './read-tsconfig'
import { createModuleResolver } from './resolve-module'

/**
 * Modules that files with a hit import and that are not there, not even as sources. What their types would have
 * shown to be a call site is not seen. Modules that a dialect names are recognised without their types.
 */
export function findUnresolvedImports(
  { files, path, tsconfigPath }: PackageSources,
  dialects: readonly Dialect[],
): readonly string[] {
  if (tsconfigPath === undefined || files.length === 0) return []
  const options = readCompilerOptions(tsconfigPath)
  const resolve = createModuleResolver(options, path)
  const named = new Set(
    dialects.flatMap(({ receiver }) => (receiver.types ?? []).flatMap(({ module }) => module ?? [])),
  )
  // What is there for one file of a package is there for all of them, but for a folder with modules of its own.
  const found = new Set<string>()
  const isMissing = (name: string, from: string): boolean => {
    if (name.startsWith('.') || isBuiltin(name) || named.has(name) || found.has(name)) return false
    if (resolve(name, from) === undefined) return true
    found.add(name)
    return false
  }
  const missing = files.flatMap(({ path: from, text }) => {
    // most files lack nothing, which their characters show sooner
    if (!importedNames(text).some((name) => isMissing(name, from))) return []
    return ts
      .preProcessFile(text, true, true)
      .importedFiles.map(({ fileName }) => fileName)
      .filter((name) => isMissing(name, from))
  })
  return [...new Set(missing)].sort(compareText)
}
