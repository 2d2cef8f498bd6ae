import ts from 'typescript'
import type { DeclarationCache } from './declaration-cache'
import { readOnDemand } from './lazy-program'

/** One type error, at an offset of the checked text. */
export interface TypeProblem {
  /** Absolute path. */
  readonly path: string
  readonly start: number
  readonly code: number
  readonly message: string
}

export interface CheckedProgram {
  readonly program: ts.Program
  readonly problems: readonly TypeProblem[]
}

export interface CheckInput {
  /** Absolute path to the text to check instead of the file's own. */
  readonly changed: ReadonlyMap<string, string>
  /** Absolute paths of the files to look at for errors; absent: every file of the package. */
  readonly only?: ReadonlySet<string>
  /** Which imports are parsed only when a name is followed there; absent: none. */
  readonly canWait?: (resolved: ts.ResolvedModuleFull) => boolean
}

/** Type-checks a package with some texts replaced, again and again: what no check changes is parsed and resolved once. */
export class ProgramChecker {
  private readonly resolutions: ts.ModuleResolutionCache
  private readonly sources = new Map<string, ts.SourceFile | undefined>()
  private latest: { readonly program: ts.Program; readonly isLazy: boolean } | undefined

  constructor(
    private readonly options: ts.CompilerOptions,
    private readonly declarations: DeclarationCache,
  ) {
    this.resolutions = declarations.resolutions(options)
  }

  check(roots: readonly string[], { changed, only, canWait }: CheckInput): CheckedProgram {
    const { options, latest } = this
    const host = this.createHost(changed, canWait)
    const isLazy = canWait !== undefined
    const program = ts.createProgram({
      rootNames: roots,
      options,
      host,
      // what one leaves open the other must not take for missing
      ...(latest?.isLazy === isLazy ? { oldProgram: latest.program } : {}),
    })
    if (canWait !== undefined) {
      readOnDemand(program, {
        load: (path) => host.getSourceFile(path, this.parsingOf(path, host)),
        resolve: (name, fromFile, mode) => this.resolve(name, fromFile, mode).resolvedModule,
        leavesImportsOpen: true,
      })
    }
    this.latest = { program, isLazy }
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
    return { program, problems: diagnostics.map(toProblem) }
  }

  /** What an import leads to, by the format of the file that it is in unless told. */
  resolve(
    name: string,
    fromFile: string,
    mode = ts.getImpliedNodeFormatForFile(
      fromFile,
      this.resolutions.getPackageJsonInfoCache(),
      ts.sys,
      this.options,
    ),
  ): ts.ResolvedModuleWithFailedLookupLocations {
    return ts.resolveModuleName(name, fromFile, this.options, ts.sys, this.resolutions, undefined, mode)
  }

  private createHost(
    changed: ReadonlyMap<string, string>,
    canWait: CheckInput['canWait'] = () => false,
  ): ts.CompilerHost {
    const host = ts.createCompilerHost(this.options)
    this.declarations.attach(host, this.options)
    const read = host.getSourceFile.bind(host)
    host.getSourceFile = (fileName, version, onError, createsNew) => {
      const text = changed.get(fileName)
      if (text !== undefined) return ts.createSourceFile(fileName, text, version, true)
      const known = this.sources.get(fileName) ?? read(fileName, version, onError, createsNew)
      this.sources.set(fileName, known)
      return known
    }
    host.getModuleResolutionCache = () => this.resolutions
    host.resolveModuleNameLiterals = (literals, fromFile, _redirected, fileOptions, sourceFile) =>
      literals.map((literal) => {
        const mode = ts.getModeForUsageLocation(sourceFile, literal, fileOptions)
        const resolution = this.resolve(literal.text, fromFile, mode)
        const { resolvedModule } = resolution
        return resolvedModule !== undefined && canWait(resolvedModule)
          ? { resolvedModule: undefined }
          : resolution
      })
    return host
  }

  /** How a program would have the file parsed. */
  private parsingOf(path: string, host: ts.CompilerHost): ts.CreateSourceFileOptions {
    const cache = this.resolutions.getPackageJsonInfoCache()
    return {
      languageVersion: this.options.target ?? ts.ScriptTarget.ESNext,
      impliedNodeFormat: ts.getImpliedNodeFormatForFile(path, cache, host, this.options),
    }
  }
}

function toProblem(diagnostic: ts.Diagnostic): TypeProblem {
  return {
    path: diagnostic.file?.fileName ?? '',
    start: diagnostic.start ?? 0,
    code: diagnostic.code,
    message: ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '),
  }
}
