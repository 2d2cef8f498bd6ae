import { dirname, resolve } from 'node:path'
import { ts } from 'ts-morph'
import type { PackageSources } from '../model/source'

/** A package parsed and bound, without libraries and without the files that hold no site. */
export interface ParsedPackage {
  /** Resolves names to their declarations, exactly and cheaply. Its types are not to be trusted: no library is loaded. */
  readonly checker: ts.TypeChecker
  sourceFile(path: string): ts.SourceFile | undefined
  parseErrors(sourceFile: ts.SourceFile): readonly ParseError[]
}

export interface ParseError {
  readonly line: number
  readonly column: number
  readonly message: string
}

const extensions = [
  '.ts',
  '.tsx',
  '.mts',
  '.cts',
  '.d.ts',
  '.js',
  '.jsx',
  '.mjs',
  '.cjs',
  '/index.ts',
  '/index.tsx',
  '/index.js',
]

const parseOptions: ts.CompilerOptions = {
  noLib: true,
  allowJs: true,
  types: [],
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.Preserve,
}

/**
 * Parses the given files, and the files of the package that they import directly (read from disk): enough to follow a
 * name to the class, annotation or constructor call it comes from.
 */
export function parsePackage(
  sources: Pick<PackageSources, 'files' | 'path'>,
  readDisk = true,
): ParsedPackage {
  const hits = new Map(sources.files.map((file) => [file.path, file.text]))
  const cache = new Map<string, ts.SourceFile | undefined>()

  const load = (path: string): ts.SourceFile | undefined => {
    if (!cache.has(path)) {
      const text = hits.get(path) ?? (readDisk ? ts.sys.readFile(path) : undefined)
      cache.set(
        path,
        text === undefined ? undefined : ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true),
      )
    }
    return cache.get(path)
  }
  const exists = (path: string): boolean => hits.has(path) || (readDisk && ts.sys.fileExists(path))
  const resolveRelative = (specifier: string, containingFile: string): string | undefined => {
    if (!specifier.startsWith('.') || !hits.has(containingFile)) return undefined
    const base = resolve(dirname(containingFile), specifier)
    const candidates = [
      ...withoutJsExtension(base).flatMap((stem) => extensions.map((ext) => stem + ext)),
      base,
    ]
    return candidates.find((path) => !path.includes('/node_modules/') && exists(path))
  }

  const host: ts.CompilerHost = {
    fileExists: exists,
    readFile: (path) => load(path)?.text,
    getSourceFile: load,
    getDefaultLibFileName: () => '/lib.d.ts',
    writeFile: () => undefined,
    getCurrentDirectory: () => sources.path,
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    resolveModuleNameLiterals: (literals, containingFile) =>
      literals.map((literal) => {
        const path = resolveRelative(literal.text, containingFile)
        return path === undefined
          ? { resolvedModule: undefined }
          : {
              resolvedModule: {
                resolvedFileName: path,
                extension: extensionOf(path),
                isExternalLibraryImport: false,
              },
            }
      }),
  }
  const program = ts.createProgram({ rootNames: [...hits.keys()], options: parseOptions, host })
  return {
    checker: program.getTypeChecker(),
    sourceFile: (path) => program.getSourceFile(path),
    parseErrors: (sourceFile) =>
      program.getSyntacticDiagnostics(sourceFile).map((diagnostic) => {
        const { line, character } = sourceFile.getLineAndCharacterOfPosition(diagnostic.start)
        const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')
        return { line: line + 1, column: character + 1, message }
      }),
  }
}

function withoutJsExtension(path: string): string[] {
  const stem = path.replace(/\.[cm]?jsx?$/, '')
  return stem === path ? [path] : [stem, path]
}

/** What the compiler wants to know of a resolved file; the parser decides by the file's own name. */
function extensionOf(path: string): ts.Extension {
  if (path.endsWith('.tsx')) return ts.Extension.Tsx
  if (path.endsWith('.d.ts')) return ts.Extension.Dts
  return /\.[cm]?ts$/.test(path) ? ts.Extension.Ts : ts.Extension.Js
}
