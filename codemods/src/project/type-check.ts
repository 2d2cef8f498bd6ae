import ts from 'typescript'
import { ProgramChecker } from './checked-program'
import type { CheckedProgram, TypeProblem } from './checked-program'
import { DeclarationCache } from './declaration-cache'
import { hasSameShape } from './file-shape'
import { ImportScanner } from './import-scan'
import { canReadOnDemand } from './lazy-program'
import { findNearFiles } from './near-files'
import { readTsconfig } from './read-tsconfig'
import { haveSameOutline } from './same-outline'

interface TypeCheckResult {
  /** Errors that the changed texts bring in. */
  readonly introduced: readonly TypeProblem[]
  /** Errors that the package had before. */
  readonly existingCount: number
}

const nothingNew: TypeCheckResult = { introduced: [], existingCount: 0 }
const noChanges: ReadonlyMap<string, string> = new Map()

const cannotFindModule = 2307

/** Where an import does not resolve its names are `any`, and whatever is inferred from them is implicitly so. */
const consequencesOfMissingModules: readonly number[] = [cannotFindModule, 7005, 7006, 7031, 7034]

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
  const checker = new ProgramChecker(config.options, declarations)
  const scanner = new ImportScanner()
  let globals: readonly string[] | undefined
  let whole: CheckedProgram | undefined
  const compareParsed = (
    changed: ReadonlyMap<string, string>,
    roots: readonly string[],
    only: ReadonlySet<string>,
  ): TypeCheckResult | undefined => {
    const after = checker.check(roots, { changed, only })
    const before = checker.check(roots, { changed: noChanges, only })
    const isSame = [...only].every((path) => hasSameShape(path, after.program, before.program))
    if (!isSame) return undefined
    const result = subtract(after.problems, before.problems)
    // whether dependencies are missing shows in the other files
    return result.introduced.some(({ code }) => consequencesOfMissingModules.includes(code))
      ? undefined
      : result
  }
  const compareUnparsed = (
    changed: ReadonlyMap<string, string>,
    roots: readonly string[],
    only: ReadonlySet<string>,
  ): TypeCheckResult | undefined => {
    const near = findNearFiles(roots, changed, {
      options: config.options,
      scanner,
      resolve: (name, fromFile) => checker.resolve(name, fromFile).resolvedModule,
    })
    const { canWait } = near
    const after = checker.check(near.roots, { changed, only, canWait })
    const isPlain = [...changed].every(([path, text]) =>
      haveSameOutline(path, ts.sys.readFile(path) ?? '', text),
    )
    if (isPlain && after.problems.length === 0) return nothingNew
    const before = checker.check(near.roots, { changed: noChanges, only, canWait })
    const isSame = isPlain || [...only].every((path) => hasSameShape(path, after.program, before.program))
    const result = subtract(after.problems, before.problems)
    return isSame && result.introduced.length === 0 ? result : undefined
  }
  const compareNear = (changed: ReadonlyMap<string, string>): TypeCheckResult | undefined => {
    globals ??= all.filter((path) => scanner.ofFile(path).affectsEveryFile)
    const roots = [...new Set([...changed.keys(), ...globals])]
    const only = new Set(changed.keys())
    const unparsed = canReadOnDemand ? compareUnparsed(changed, roots, only) : undefined
    return unparsed ?? compareParsed(changed, roots, only)
  }
  return {
    compare(changed) {
      const near = compareNear(changed)
      if (near !== undefined) return near
      const after = checker.check(all, { changed })
      if (after.problems.length === 0) return nothingNew
      whole ??= checker.check(all, { changed: noChanges })
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
  return syntaxDiagnostics(path, text).map(({ file, start, messageText }) => {
    const position =
      file === undefined ? { line: 0, character: 0 } : file.getLineAndCharacterOfPosition(start ?? 0)
    const message = ts.flattenDiagnosticMessageText(messageText, ' ')
    return `${String(position.line + 1)}:${String(position.character + 1)} ${message}`
  })
}

function syntaxDiagnostics(path: string, text: string): readonly ts.Diagnostic[] {
  // what the parser notes beside the tree; JavaScript has rules beyond that
  const { parseDiagnostics } = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext) as {
    readonly parseDiagnostics?: readonly ts.Diagnostic[]
  }
  if (parseDiagnostics !== undefined && /\.[cm]?tsx?$/.test(path)) return parseDiagnostics
  const { diagnostics = [] } = ts.transpileModule(text, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ESNext, allowJs: true, jsx: ts.JsxEmit.Preserve },
  })
  return diagnostics
}

function keyOf(problem: TypeProblem): string {
  return `${problem.path}\0${String(problem.code)}\0${problem.message}`
}
