import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { PackageSources, SourceText } from '../model/source'
import { CodemodError, describeCause } from './codemod-error'
import type { DiscoveredFiles } from './discover-files'
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

export interface LoadOptions {
  /** Absolute path of the workspace. */
  readonly root: string
  /** A file that contains none of these cannot hold a site and is not parsed. */
  readonly words: readonly string[]
  /** A closer look at a text with one of the words; absent: every such text may hold a site. */
  readonly mayHoldSite?: (text: string, words: readonly string[]) => boolean
}

/**
 * Reads a package file by file and keeps only those texts that may hold a site.
 *
 * @throws CodemodError `READ_FAILED` naming the file.
 */
export function loadSources(
  target: WorkspacePackage,
  discovered: DiscoveredFiles,
  options: LoadOptions,
): LoadedSources {
  const { root } = options
  const words = withoutLonger(options.words)
  const files: SourceText[] = []
  const notes: string[] = []
  const mayHold = (text: string): boolean => options.mayHoldSite?.(text, options.words) ?? true
  for (const path of discovered.files) {
    const bytes = readBytes(path)
    const relativePath = toRelative(root, path)
    const content = contentOf(bytes, words)
    switch (content.kind) {
      case 'no-hit':
        break
      case 'unreadable':
        notes.push(`${relativePath}: left out, it is ${content.encoding}`)
        break
      case 'text':
        if (!mayHold(content.text)) break
        if (isGenerated(content.text))
          notes.push(`${relativePath}: left out, its header says that it is generated`)
        else if (isMinified(content.text))
          notes.push(`${relativePath}: left out, it is minified: nobody edits such code`)
        else files.push({ path, relativePath, text: content.text })
    }
  }
  const tsconfigPath = nearestTsconfig(target.directory, root)
  return {
    sources: {
      name: target.name,
      path: target.directory,
      files,
      ...(tsconfigPath === undefined ? {} : { tsconfigPath }),
    },
    fileCount: discovered.files.length,
    notes: [...discovered.notes, ...notes],
  }
}

/** Where `acquire` is looked for, `acquireConnection` is found with it. */
function withoutLonger(words: readonly string[]): readonly string[] {
  return words.filter((word) => !words.some((other) => other !== word && word.includes(other)))
}

type Content =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'no-hit' }
  | { readonly kind: 'unreadable'; readonly encoding: string }

/** Bytes are decoded only when one of the words is in them; a text that would not encode to the same bytes is never touched. */
function contentOf(bytes: Buffer, words: readonly string[]): Content {
  const utf16 = utf16Of(bytes)
  if (utf16 !== undefined) {
    const text = new TextDecoder(utf16).decode(bytes)
    return words.some((word) => text.includes(word))
      ? { kind: 'unreadable', encoding: 'UTF-16; convert it to UTF-8' }
      : { kind: 'no-hit' }
  }
  if (!words.some((word) => bytes.includes(word))) return { kind: 'no-hit' }
  const text = decode(bytes)
  return text === undefined ? { kind: 'unreadable', encoding: 'not valid UTF-8' } : { kind: 'text', text }
}

function utf16Of(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined
}

/** Files are read into the same place one after the other: thousands of buffers would pile up before anybody collects them. */
let place = Buffer.allocUnsafeSlow(64 * 1024)

/** Valid until the next file is read. */
function readBytes(path: string): Buffer {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    let length = 0
    for (let read = -1; read !== 0; length += read) {
      if (length === place.length) place = Buffer.concat([place], 2 * length)
      read = readSync(file, place, length, place.length - length, null)
    }
    return place.subarray(0, length)
  } catch (cause) {
    throw new CodemodError('READ_FAILED', `${path} cannot be read: ${describeCause(cause)}`, [], { cause })
  } finally {
    if (file !== undefined) closeSync(file)
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

/** Bundles hold whole libraries in a few lines. */
const bundleSize = 50_000
const longLine = 1_000
/** Characters for each semicolon, at most: data that is written into a text has hardly one. */
const statementLength = 300

/** Large, and most of it statements in lines that nobody could read. */
function isMinified(text: string): boolean {
  if (text.length < bundleSize) return false
  const dense = text
    .split('\n')
    .filter((line) => line.length > longLine)
    .filter((line) => line.split(';').length > line.length / statementLength)
  return dense.reduce((sum, { length }) => sum + length, 0) > text.length / 2
}

/** In the order in which projects without a plain `tsconfig.json` name theirs. */
const tsconfigNames = [
  'tsconfig.json',
  'tsconfig.lib.json',
  'tsconfig.app.json',
  'tsconfig.build.json',
  'jsconfig.json',
]

function nearestTsconfig(directory: string, root: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    const path = tsconfigNames.map((name) => join(folder, name)).find((candidate) => existsSync(candidate))
    if (path !== undefined) return path
    if (folder === root || dirname(folder) === folder) return undefined
  }
}
