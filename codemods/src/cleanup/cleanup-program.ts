import { existsSync, realpathSync } from 'node:fs'
import ts from 'typescript'
import { DeclarationCache } from '../project/declaration-cache'
import { readTsconfig } from '../project/read-tsconfig'
import { createModuleResolver } from '../project/resolve-module'
import type { CleanupPackage } from './load-workspace'
import type { WorkspaceTexts } from './workspace-texts'

/** Makes one program over all packages of a workspace, with the packages resolving to each other's sources, built or not. */
export class CleanupPrograms {
  readonly #options: ts.CompilerOptions
  readonly #declarations = new DeclarationCache()
  readonly #resolvers: readonly PackageResolver[]
  readonly #parsed = new Map<string, { readonly text: string; readonly file: ts.SourceFile }>()
  #latest: ts.Program | undefined

  constructor(
    private readonly packages: readonly CleanupPackage[],
    private readonly ambient: readonly string[],
  ) {
    this.#options = commonOptions(packages)
    this.#resolvers = packages.map((entry) => new PackageResolver(entry, this.#options))
  }

  create(texts: WorkspaceTexts): ts.Program {
    const options = this.#options
    const host = ts.createCompilerHost(options)
    this.#declarations.attach(host, options)
    const read = host.getSourceFile.bind(host)
    host.getSourceFile = (path, version, onError, createsNew) => {
      const text = texts.text(path)
      if (text !== undefined) return this.#parse(path, text, version)
      if (texts.isDeleted(path)) return undefined
      return read(path, version, onError, createsNew)
    }
    const exists = host.fileExists.bind(host)
    host.fileExists = (path) => !texts.isDeleted(path) && exists(path)
    host.resolveModuleNameLiterals = (literals, fromFile, _redirected, fileOptions, sourceFile) =>
      literals.map((literal) => ({
        resolvedModule: this.#resolve(
          literal.text,
          fromFile,
          ts.getModeForUsageLocation(sourceFile, literal, fileOptions),
          texts,
        ),
      }))
    this.#latest = ts.createProgram({
      rootNames: [...texts.paths(), ...this.ambient],
      options,
      host,
      ...(this.#latest === undefined ? {} : { oldProgram: this.#latest }),
    })
    return this.#latest
  }

  #parse(path: string, text: string, version: ts.ScriptTarget | ts.CreateSourceFileOptions): ts.SourceFile {
    const known = this.#parsed.get(path)
    if (known?.text === text) return known.file
    const file = ts.createSourceFile(path, text, version, true)
    this.#parsed.set(path, { text, file })
    return file
  }

  #resolve(
    name: string,
    fromFile: string,
    mode: ts.ResolutionMode,
    texts: WorkspaceTexts,
  ): ts.ResolvedModuleFull | undefined {
    const own = this.#resolvers.find((one) => one.holds(fromFile)) ?? this.#resolvers[0]
    const resolved = own?.resolve(name, fromFile, mode)
    if (resolved === undefined || texts.text(resolved.resolvedFileName) !== undefined) return resolved
    const source = this.#sourceOf(resolved.resolvedFileName, texts)
    if (source !== undefined)
      return { resolvedFileName: source, extension: extensionOf(source), isExternalLibraryImport: false }
    return texts.isDeleted(resolved.resolvedFileName) ? undefined : resolved
  }

  /** The source that a built file of one of the packages was made from. */
  #sourceOf(built: string, texts: WorkspaceTexts): string | undefined {
    const real = existsSync(built) ? realpathSync(built) : built
    const owner = this.packages.find(({ directory }) => real.startsWith(`${directory}/`))
    if (owner === undefined || real.includes('/node_modules/')) return undefined
    return owner.sourceCandidates(real).find((path) => texts.text(path) !== undefined)
  }
}

class PackageResolver {
  readonly #directory: string
  readonly resolve: ReturnType<typeof createModuleResolver>

  constructor({ directory, tsconfigPath }: CleanupPackage, common: ts.CompilerOptions) {
    this.#directory = directory
    const options = tsconfigPath === undefined ? common : readTsconfig(tsconfigPath).options
    this.resolve = createModuleResolver({ ...options, allowJs: true }, directory)
  }

  holds(path: string): boolean {
    return path.startsWith(`${this.#directory}/`)
  }
}

/** One program checks all packages: what differs between them is taken from the first; the strictest about unused names wins. */
function commonOptions(packages: readonly CleanupPackage[]): ts.CompilerOptions {
  const all = packages.flatMap(({ tsconfigPath }) =>
    tsconfigPath === undefined ? [] : [readTsconfig(tsconfigPath).options],
  )
  const first = all[0] ?? {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  }
  const { paths: _paths, rootDir: _rootDir, outDir: _outDir, configFilePath: _path, ...rest } = first
  return {
    ...rest,
    allowJs: true,
    checkJs: false,
    noEmit: true,
    skipLibCheck: true,
    noUnusedLocals: all.some((options) => options.noUnusedLocals === true),
    noUnusedParameters: all.some((options) => options.noUnusedParameters === true),
  }
}

function extensionOf(path: string): string {
  return /(\.d)?\.[cm]?[jt]sx?$/.exec(path)?.[0] ?? '.ts'
}
