import { dirname } from 'node:path'
import ts from 'typescript'

export interface Tsconfig {
  readonly fileNames: readonly string[]
  readonly options: ts.CompilerOptions
}

/** A tsconfig with everything that it extends, for checks that write nothing. Mistakes in it are not reported here. */
export function readTsconfig(path: string): Tsconfig {
  return parse(path, ts.sys)
}

/** The options alone: no folder is searched for files. */
export function readCompilerOptions(path: string): ts.CompilerOptions {
  return parse(path, { ...ts.sys, readDirectory: () => [] }).options
}

function parse(path: string, host: ts.ParseConfigHost): Tsconfig {
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as { config: unknown }
  const parsed = ts.parseJsonConfigFileContent(config ?? {}, host, dirname(path), undefined, path)
  const options = {
    ...parsed.options,
    noEmit: false,
    noEmitOnError: false,
    // what a file shows to others is compared as its declarations; nothing is ever written
    declaration: true,
    emitDeclarationOnly: true,
    skipLibCheck: true,
    incremental: false,
    composite: false,
  }
  return { fileNames: parsed.fileNames, options }
}
