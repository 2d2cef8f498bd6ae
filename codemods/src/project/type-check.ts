import { Project, ts } from 'ts-morph'
import { DeclarationCache } from './declaration-cache'
import { affectsEveryFile, hasSameShape } from './file-shape'
import { readTsconfig } from './read-tsconfig'

/** One type error, at an offset of the checked text. */
export interface TypeProblem {
  /** Absolute path. */
  readonly path: string
  readonly start: number
  readonly code: number
  readonly message: string
}

interface TypeCheckResult {
  /** Errors that the changed texts bring in. */
  readonly introduced: readonly TypeProblem[]
  /** Errors that the package had before. */
  readonly existingCount: number
}

const cannotFindModule = 2307

/** Where an import does not resolve its names are `any`, and whatever is inferred from them is implicitly so. */
const consequencesOfMissingModules: readonly number[] = [cannotFindModule, 7005, 7006, 7031, 7034]

/** Where ts-morph keeps the standard library that it carries; no installed TypeScript is needed. */
export const libFolder = '/node_modules/typescript/lib'

/** Compares a package with changed texts to what it was; the state before is checked once, and only when needed. */
export interface TypeComparison {
  /** `changed`: absolute path, one of the files given at creation, to its new text. */
  compare(changed: ReadonlyMap<string, string>): TypeCheckResult
}

/**
 * Type-checks a package with some texts replaced and says which errors were not there before. Where what a changed file
 * shows to others stays the same, only changed files are checked, and errors in others do not count as there before; else every file is.
 * Same options both times. Where the package's dependencies are not installed, unresolved imports and what follows from
 * them do not count.
 */
export function createTypeComparison(
  tsconfigPath: string,
  files: readonly string[],
  declarations = new DeclarationCache(),
): TypeComparison {
  const config = readTsconfig(tsconfigPath)
  const all = [...new Set([...config.fileNames, ...files])]
  const libraries = declarations.libraries(config.options, () => loadLibraries(config.options))
  const base = { libraries, declarations }
  let globals: readonly string[] | undefined
  let latest: CheckedProgram | undefined
  let whole: CheckedProgram | undefined
  const check = (roots: readonly string[], input: Partial<ProgramInput>): CheckedProgram => {
    const checked = checkProgram(config.options, roots, {
      changed: new Map(),
      ...base,
      ...input,
      previous: latest,
    })
    latest = checked
    return checked
  }
  const compareNear = (changed: ReadonlyMap<string, string>): TypeCheckResult | undefined => {
    globals ??= all.filter(affectsEveryFile)
    const roots = [...new Set([...changed.keys(), ...globals])]
    const only = new Set(changed.keys())
    const after = check(roots, { changed, only })
    const before = check(roots, { only })
    const isSame = [...only].every((path) => hasSameShape(path, after.program, before.program))
    if (!isSame) return undefined
    const result = subtract(after.problems, before.problems)
    // whether dependencies are missing shows in the other files
    return result.introduced.some(({ code }) => consequencesOfMissingModules.includes(code))
      ? undefined
      : result
  }
  return {
    compare(changed) {
      const near = compareNear(changed)
      if (near !== undefined) return near
      const after = check(all, { changed })
      if (after.problems.length === 0) return { introduced: [], existingCount: 0 }
      whole ??= check(all, {})
      return subtract(after.problems, whole.problems)
    },
  }
}

function subtract(after: readonly TypeProblem[], before: readonly TypeProblem[]): TypeCheckResult {
  const remaining = new Map<string, number>()
  for (const problem of before) remaining.set(keyOf(problem), (remaining.get(keyOf(problem)) ?? 0) + 1)
  const isIncomplete = before.some((problem) => problem.code === cannotFindModule)
  const introduced = after.filter((problem) => {
    const left = remaining.get(keyOf(problem)) ?? 0
    remaining.set(keyOf(problem), left - 1)
    return left <= 0 && !(isIncomplete && consequencesOfMissingModules.includes(problem.code))
  })
  return { introduced, existingCount: before.length }
}

/** Syntax errors of one text, as messages with line and column; empty when it parses. */
export function findSyntaxErrors(path: string, text: string): string[] {
  const { diagnostics = [] } = ts.transpileModule(text, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ESNext, allowJs: true, jsx: ts.JsxEmit.Preserve },
  })
  return diagnostics.map(({ file, start, messageText }) => {
    const position =
      file === undefined ? { line: 0, character: 0 } : file.getLineAndCharacterOfPosition(start ?? 0)
    const message = ts.flattenDiagnosticMessageText(messageText, ' ')
    return `${String(position.line + 1)}:${String(position.character + 1)} ${message}`
  })
}

function keyOf(problem: TypeProblem): string {
  return `${problem.path}\0${String(problem.code)}\0${problem.message}`
}

interface CheckedProgram {
  readonly changed: ReadonlyMap<string, string>
  readonly program: ts.Program
  readonly problems: readonly TypeProblem[]
}

interface ProgramInput {
  /** Absolute path to the text to check instead of the file's own. */
  readonly changed: ReadonlyMap<string, string>
  /** Absolute paths of the files to look at for errors; absent: every file of the package. */
  readonly only?: ReadonlySet<string>
  readonly libraries: ReadonlyMap<string, ts.SourceFile>
  readonly declarations: DeclarationCache
  /** A program of the same roots and options: files that neither changes are parsed and resolved already. */
  readonly previous: CheckedProgram | undefined
}

/** The standard library that ts-morph carries, by path below {@link libFolder}. */
export function loadLibraries(options: ts.CompilerOptions): ReadonlyMap<string, ts.SourceFile> {
  const { lib, target } = options
  const compilerOptions = {
    ...(lib === undefined ? {} : { lib }),
    ...(target === undefined ? {} : { target }),
    types: [],
  }
  const project = new Project({ useInMemoryFileSystem: true, compilerOptions })
  // a program without a file of its own loads no library
  project.createSourceFile('/empty.ts', 'export {}')
  const files = project.getProgram().compilerObject.getSourceFiles()
  return new Map(
    files.filter(({ fileName }) => fileName.startsWith(libFolder)).map((file) => [file.fileName, file]),
  )
}

function checkProgram(
  options: ts.CompilerOptions,
  roots: readonly string[],
  { changed, only, libraries, declarations, previous }: ProgramInput,
): CheckedProgram {
  const host = ts.createCompilerHost(options)
  declarations.attach(host, options)
  const readSource = host.getSourceFile.bind(host)
  host.getDefaultLibLocation = () => libFolder
  host.getDefaultLibFileName = (given) => `${libFolder}/${ts.getDefaultLibFileName(given)}`
  host.getSourceFile = (fileName, languageVersion, onError, createsNew) => {
    const text = changed.get(fileName)
    if (text !== undefined) return ts.createSourceFile(fileName, text, languageVersion, true)
    const library = libraries.get(fileName)
    if (library !== undefined) return library
    const known =
      previous?.changed.has(fileName) === true ? undefined : previous?.program.getSourceFile(fileName)
    return known ?? readSource(fileName, languageVersion, onError, createsNew)
  }
  const program = ts.createProgram({
    rootNames: roots,
    options,
    host,
    ...(previous === undefined ? {} : { oldProgram: previous.program }),
  })
  const own = program
    .getSourceFiles()
    .filter((file) => !file.isDeclarationFile && !program.isSourceFileFromExternalLibrary(file))
    .filter(({ fileName }) => only?.has(fileName) ?? true)
  const diagnostics = [
    ...program.getGlobalDiagnostics(),
    ...own.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ]
  return { program, changed, problems: diagnostics.map(toProblem) }
}

function toProblem(diagnostic: ts.Diagnostic): TypeProblem {
  return {
    path: diagnostic.file?.fileName ?? '',
    start: diagnostic.start ?? 0,
    code: diagnostic.code,
    message: ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '),
  }
}
