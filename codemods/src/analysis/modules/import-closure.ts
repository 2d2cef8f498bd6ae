import ts from 'typescript'

/** The files that some files lead to by a number of imports, and whether there would be more. */
export interface ImportClosure {
  readonly files: ReadonlySet<string>
  readonly isComplete: boolean
  /** Modules that are imported and not there. */
  readonly missing: ReadonlySet<string>
}

/** Follows imports level by level, without parsing: `resolve` gives the file behind a specifier, `read` its text. */
export function importClosure(
  roots: readonly string[],
  depth: number,
  host: {
    resolve(specifier: string, fromFile: string): string | undefined
    read(path: string): string | undefined
  },
): ImportClosure {
  const files = new Set(roots)
  const missing = new Set<string>()
  let level: readonly string[] = roots
  for (let step = 0; step < depth && level.length > 0; step++) {
    const next = new Set<string>()
    for (const path of level) {
      for (const specifier of specifiersOf(host.read(path) ?? '')) {
        const target = host.resolve(specifier, path)
        if (target === undefined) missing.add(specifier)
        else if (!files.has(target)) next.add(target)
      }
    }
    for (const path of next) files.add(path)
    level = [...next]
  }
  return { files, isComplete: level.length === 0, missing }
}

function specifiersOf(text: string): readonly string[] {
  const { importedFiles, referencedFiles } = ts.preProcessFile(text, true, true)
  return [...new Set([...importedFiles, ...referencedFiles].map(({ fileName }) => fileName))]
}
