import { dirname, resolve } from 'node:path'
import ts from 'typescript'
import type { PackageSources } from '../../model/source'
import { canReadOnDemand, readOnDemand } from '../../project/lazy-program'
import { ForeignModules } from '../../project/foreign-modules'
import { ListedFolders } from '../../project/listed-folders'
import { readPathAliases, type PathAliases } from './path-aliases'

/** A package parsed and bound, without libraries and without the files that hold no site. It grows as names are followed. */
export interface ParsedPackage {
  /**
   * Resolves names to their declarations, exactly and cheaply. Its types are not to be trusted: no library is loaded. Another one
   * after each `include`; the syntax trees stay the same.
   */
  readonly checker: ts.TypeChecker
  sourceFile(path: string): ts.SourceFile | undefined
  parseErrors(sourceFile: ts.SourceFile): readonly ParseError[]
  /** The files with hits, those taken in, and of what these import whatever has been parsed or extends a class. */
  sourceFiles(): readonly ts.SourceFile[]
  /** The file of the package that an import names, parsed or not. */
  resolve(specifier: string, fromFile: string): string | undefined
  /** The file of another package that an import names, where its code can be read; it is parsed once it is included. */
  resolveForeign(specifier: string, fromFile: string): string | undefined
  /** Takes further files in; what they import is not followed. */
  include(paths: Iterable<string>): void
}

export interface ParseError {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Endings of code that a package ships. */
const shipped = ['.js', '.mjs', '.cjs', '/index.js', '/index.mjs', '/index.cjs']

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
 * Parses the given files. Those that they import directly are read from disk when a name is followed into one: enough to get to the
 * class, annotation or constructor call that it comes from.
 */
export function parsePackage(
  sources: Pick<PackageSources, 'files' | 'path' | 'tsconfigPath'>,
  readDisk = true,
): ParsedPackage {
  const included = new Set<string>()
  const hits = new Map(sources.files.map((file) => [file.path, file.text]))
  const cache = new Map<string, ts.SourceFile | undefined>()

  const readText = (path: string): string | undefined =>
    hits.get(path) ?? (readDisk ? ts.sys.readFile(path) : undefined)
  const load = (path: string): ts.SourceFile | undefined => {
    if (!cache.has(path)) {
      const text = readText(path)
      cache.set(
        path,
        // parents are set when names are bound, as they are for every file that a program knows
        text === undefined ? undefined : ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, false),
      )
    }
    return cache.get(path)
  }
  const folders = new ListedFolders()
  const exists = (path: string): boolean => hits.has(path) || (readDisk && folders.hasFile(path))
  let aliases: PathAliases | undefined
  const foreign = new ForeignModules()
  const isForeign = (path: string): boolean => path.includes('/node_modules/')
  const basesOf = (specifier: string, containingFile: string): readonly string[] => {
    if (specifier.startsWith('.')) return [resolve(dirname(containingFile), specifier)]
    if (!readDisk || sources.tsconfigPath === undefined) return []
    aliases ??= readPathAliases(sources.tsconfigPath)
    return aliases(specifier)
  }
  const resolved = new Map<string, string | undefined>()
  const resolveInside = (specifier: string, containingFile: string): string | undefined => {
    // Each program asks again for every import of every file.
    const key = `${specifier.startsWith('.') ? dirname(containingFile) : ''}\0${specifier}`
    if (!resolved.has(key)) resolved.set(key, findInside(specifier, containingFile))
    return resolved.get(key)
  }
  const findInside = (specifier: string, containingFile: string): string | undefined => {
    const isFromForeign = isForeign(containingFile)
    const isThere = (path: string): boolean => (isFromForeign || !isForeign(path)) && exists(path)
    for (const base of basesOf(specifier, containingFile)) {
      // Beside shipped code lie declarations of the same name, without the code.
      const found =
        (isFromForeign ? withExtension(base.replace(/\.[cm]?js$/, ''), shipped, isThere) : undefined) ??
        firstOf(withoutJsExtension(base), (stem) => withExtension(stem, extensions, isThere)) ??
        (isThere(base) ? base : undefined)
      if (found !== undefined) return found
    }
    return undefined
  }
  /** Imports of files with hits are followed, and any import that leads to a file that is there already. */
  const followed = new Set<string>()
  const resolveFollowed = (specifier: string, containingFile: string): string | undefined => {
    const path = resolveInside(specifier, containingFile)
    if (path === undefined) return undefined
    if (hits.has(containingFile)) followed.add(path)
    return hits.has(path) || followed.has(path) || cache.has(path) ? path : undefined
  }
  const resolveForeign = (specifier: string, fromFile: string): string | undefined =>
    readDisk ? foreign.resolve(specifier, fromFile) : undefined
  /** Code of other packages is there only once a connection was followed into it. */
  let hasForeign = false
  const resolveOpened = (specifier: string, containingFile: string): string | undefined => {
    const path = hasForeign ? resolveForeign(specifier, containingFile) : undefined
    return path !== undefined && included.has(path) ? path : undefined
  }
  const resolveModule = (specifier: string, containingFile: string): ts.ResolvedModuleFull | undefined => {
    const path = resolveFollowed(specifier, containingFile) ?? resolveOpened(specifier, containingFile)
    if (path === undefined) return undefined
    return { resolvedFileName: path, extension: extensionOf(path), isExternalLibraryImport: false }
  }
  const isAtHand = (path: string): boolean =>
    !canReadOnDemand || hits.has(path) || included.has(path) || cache.has(path)

  const host: ts.CompilerHost = {
    fileExists: exists,
    readFile: (path) => load(path)?.text,
    getSourceFile: (path) => (isAtHand(path) ? load(path) : undefined),
    getDefaultLibFileName: () => '/lib.d.ts',
    writeFile: () => undefined,
    getCurrentDirectory: () => sources.path,
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    resolveModuleNameLiterals: (literals, containingFile) =>
      literals.map(({ text }) => ({ resolvedModule: resolveModule(text, containingFile) })),
  }
  const build = (): { program: ts.Program; checker: ts.TypeChecker } => {
    const rootNames = [...new Set([...hits.keys(), ...included])]
    const program = ts.createProgram({ rootNames, options: parseOptions, host })
    readOnDemand(program, {
      load: (path) => (followed.has(path) ? load(path) : undefined),
      resolve: resolveModule,
    })
    return { program, checker: program.getTypeChecker() }
  }
  let current = build()
  return {
    get checker() {
      return current.checker
    },
    sourceFile: (path) => current.program.getSourceFile(path),
    sourceFiles: () => {
      const { program } = current
      const late = [...followed].filter((path) => cache.has(path) || mayExtendClass(readText(path) ?? ''))
      const paths = new Set([...program.getSourceFiles().map(({ fileName }) => fileName), ...late])
      return [...paths].flatMap((path) => program.getSourceFile(path) ?? [])
    },
    resolve: resolveInside,
    resolveForeign,
    include: (paths) => {
      const before = included.size
      for (const path of paths) if (load(path) !== undefined) included.add(path)
      hasForeign = true
      if (included.size > before) current = build()
    },
    parseErrors: (sourceFile) =>
      current.program.getSyntacticDiagnostics(sourceFile).map((diagnostic) => {
        const { line, character } = sourceFile.getLineAndCharacterOfPosition(diagnostic.start)
        const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')
        return { line: line + 1, column: character + 1, message }
      }),
  }
}

function mayExtendClass(text: string): boolean {
  const first = text.search(/\bclass\b/)
  return first !== -1 && /\bextends\b/.test(text.slice(first))
}

/** Asked for every import of every file with a hit: no list of candidates is made. */
function withExtension(
  stem: string,
  endings: readonly string[],
  isThere: (path: string) => boolean,
): string | undefined {
  for (const ending of endings) {
    const path = stem + ending
    if (isThere(path)) return path
  }
  return undefined
}

function firstOf<T, R>(values: readonly T[], find: (value: T) => R | undefined): R | undefined {
  for (const value of values) {
    const found = find(value)
    if (found !== undefined) return found
  }
  return undefined
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
