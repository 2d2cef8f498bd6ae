import ts from 'typescript'

/** Options that change how a declaration file is parsed and bound; programs that agree in them share its syntax tree. */
const parsingOptions = ['module', 'moduleDetection', 'moduleResolution', 'target'] as const

const canonical = (path: string): string => (ts.sys.useCaseSensitiveFileNames ? path : path.toLowerCase())

/**
 * Declaration files (libraries, `node_modules`) parsed once for all programs of one command: they are most of what a
 * program reads, and no run changes them.
 */
export class DeclarationCache {
  readonly #files = new Map<string, ts.SourceFile | undefined>()
  readonly #resolutions = new Map<string, ts.ModuleResolutionCache>()

  /** Makes the host take declaration files from here. */
  attach(host: ts.CompilerHost, options: ts.CompilerOptions): void {
    const read = host.getSourceFile.bind(host)
    const key = keyOf(options)
    host.getSourceFile = (fileName, version, onError, createsNew) => {
      if (!/\.d\.[cm]?ts$/.test(fileName)) return read(fileName, version, onError, createsNew)
      const format = typeof version === 'object' ? version.impliedNodeFormat : undefined
      const id = `${fileName}\0${String(format)}\0${key}`
      if (!this.#files.has(id)) this.#files.set(id, read(fileName, version, onError, createsNew))
      return this.#files.get(id)
    }
  }

  /** Where imports lead to under these options; no run adds or removes a file before it is over. */
  resolutions(options: ts.CompilerOptions): ts.ModuleResolutionCache {
    const key = resolutionKeyOf(options)
    const known =
      this.#resolutions.get(key) ??
      ts.createModuleResolutionCache(ts.sys.getCurrentDirectory(), canonical, options)
    this.#resolutions.set(key, known)
    return known
  }
}

function resolutionKeyOf(options: ts.CompilerOptions): string {
  // where a package lies matters only to what is mapped from its output to its sources
  const isMapped = [options.outDir, options.rootDir, options.declarationDir].some((one) => one !== undefined)
  return JSON.stringify(isMapped ? options : { ...options, configFilePath: undefined })
}

function keyOf(options: ts.CompilerOptions): string {
  return JSON.stringify(parsingOptions.map((name) => options[name] ?? null))
}
