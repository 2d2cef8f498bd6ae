import { Project } from 'ts-morph'
import type { ts } from 'ts-morph'

/** Where ts-morph keeps the standard library that it carries; no installed TypeScript is needed. */
export const libFolder = '/node_modules/typescript/lib'

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
