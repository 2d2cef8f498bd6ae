import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { PackageSources, SourceText } from '../model/source'
import { CodemodError, describeCause } from './codemod-error'
import type { DiscoverOptions } from './discover-files'
import { discoverFiles } from './discover-files'
import { toRelative } from './find-workspace'
import type { WorkspacePackage } from './workspace'

/** The files of a package that may hold a site, and what was seen on the way. */
export interface LoadedSources {
  readonly sources: PackageSources
  /** Source files looked at, hits or not. */
  readonly fileCount: number
  /** Files with a hit that were left out, with the reason; for standard error. */
  readonly notes: readonly string[]
}

export interface LoadOptions extends DiscoverOptions {
  readonly root: string
  /** A file that contains none of these cannot hold a site and is not parsed. */
  readonly words: readonly string[]
}

/**
 * Reads a package and keeps the files in which one of the words occurs.
 *
 * @throws CodemodError `READ_FAILED` naming the file.
 */
export function loadSources(target: WorkspacePackage, options: LoadOptions): LoadedSources {
  const files: SourceText[] = []
  const notes: string[] = []
  const paths = discoverFiles(target, options).filter((path) => !lstatSync(path).isSymbolicLink())
  for (const path of paths) {
    const bytes = readBytes(path)
    if (!options.words.some((word) => bytes.includes(word))) continue
    const relativePath = toRelative(options.root, path)
    const text = decode(bytes)
    if (text === undefined) notes.push(`${relativePath}: left out, it is not valid UTF-8`)
    else if (isGenerated(text)) notes.push(`${relativePath}: left out, its header says that it is generated`)
    else files.push({ path, relativePath, text })
  }
  const tsconfigPath = nearestTsconfig(target.directory, options.root)
  return {
    sources: {
      name: target.name,
      path: target.directory,
      files,
      ...(tsconfigPath === undefined ? {} : { tsconfigPath }),
    },
    fileCount: paths.length,
    notes,
  }
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new CodemodError('READ_FAILED', `${path} cannot be read: ${describeCause(cause)}`, [], { cause })
  }
}

/** Undefined when encoding the text again would not give the same bytes. */
function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // not UTF-8: an answer, not a failure
    return undefined
  }
}

function isGenerated(text: string): boolean {
  return /@generated\b|\bDO NOT EDIT\b/.test(text.slice(0, 600))
}

function nearestTsconfig(directory: string, root: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    const path = join(folder, 'tsconfig.json')
    if (existsSync(path)) return path
    if (folder === root || dirname(folder) === folder) return undefined
  }
}
