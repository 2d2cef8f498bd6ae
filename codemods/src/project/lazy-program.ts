import ts from 'typescript'

/** Where a program gets what it was not given when it was made. */
export interface LazySources {
  load(path: string): ts.SourceFile | undefined
  resolve(specifier: string, fromFile: string, mode: ts.ResolutionMode): ts.ResolvedModuleFull | undefined
  /** True where the program was told of nothing behind an import although there may be something. */
  readonly leavesImportsOpen?: boolean
}

/** What the compiler keeps to itself; a checker asks its program for modules by these. */
interface LazyProgram {
  getSourceFile: (path: string) => ts.SourceFile | undefined
  getResolvedModule?: (
    file: ts.SourceFile,
    name: string,
    mode: ts.ResolutionMode,
  ) => { readonly resolvedModule: ts.ResolvedModuleFull | undefined } | undefined
}

const { bindSourceFile } = ts as unknown as {
  readonly bindSourceFile?: (file: ts.SourceFile, options: ts.CompilerOptions) => void
}

/** A compiler that does not show its binder gets every file at once: the same answers, later. */
export const canReadOnDemand = typeof bindSourceFile === 'function'

/**
 * Lets a checker, to be made of this program, parse a module when it first follows a name into it. Most imports of a file have nothing
 * to do with its connections, and parsing them would be most of the work.
 */
export function readOnDemand(program: ts.Program, sources: LazySources): void {
  const lazy = program as unknown as LazyProgram
  const { getSourceFile, getResolvedModule } = lazy
  const late = new Map<string, ts.SourceFile>()
  lazy.getSourceFile = (path) => {
    const known = getSourceFile(path) ?? late.get(path)
    if (known !== undefined) return known
    const loaded = prepare(sources.load(path), program)
    if (loaded !== undefined) late.set(path, loaded)
    return loaded
  }
  lazy.getResolvedModule = (file, name, mode) => {
    const known = getResolvedModule?.(file, name, mode)
    const isOpen =
      known === undefined
        ? late.has(file.fileName)
        : sources.leavesImportsOpen === true && known.resolvedModule === undefined
    if (!isOpen) return known
    const resolvedModule = sources.resolve(name, file.fileName, mode)
    return resolvedModule === undefined && known !== undefined ? known : { resolvedModule }
  }
}

/** What a program does with each file of its own. */
function prepare(file: ts.SourceFile | undefined, program: ts.Program): ts.SourceFile | undefined {
  if (file === undefined) return undefined
  Object.assign(file, { path: file.fileName, resolvedPath: file.fileName, originalFileName: file.fileName })
  bindSourceFile?.(file, program.getCompilerOptions())
  return file
}
