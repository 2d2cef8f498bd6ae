import { readFileSync } from 'node:fs'

/** What the characters of a source tell of its place among others, without a parse. In doubt they tell more than is true. */
export interface ScannedText {
  /** Whether it may tell others something without being imported: declarations, scripts, and what adds to globals or modules. */
  readonly affectsEveryFile: boolean
  /** What follows `from`, `import` or `require`. */
  readonly specifiers: readonly string[]
}

const unreadable: ScannedText = { affectsEveryFile: false, specifiers: [] }

/** Reads each file once and remembers no text. */
export class ImportScanner {
  private readonly scanned = new Map<string, ScannedText>()

  /** A file that is not there tells nothing; who imports it will hear of it. */
  ofFile(path: string): ScannedText {
    let known = this.scanned.get(path)
    if (known === undefined) {
      known = read(path)
      this.scanned.set(path, known)
    }
    return known
  }
}

function read(path: string): ScannedText {
  try {
    return scanText(path, readFileSync(path, 'utf8'))
  } catch {
    // not there, or not to be read: the compiler sees no more of it
    return unreadable
  }
}

const isDeclaration = /\.d\.([^.]+\.)?[cm]?ts$/
// A comment ends in one place only: else a bundle full of them would be read again and again.
const imported =
  /\b(?:from|import|require)\b(?:[\s(]|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/|\/\/[^\n]*\n)*(['"`])([^'"`\n]+)\1/g

/** Whatever the characters show to be imported, and perhaps more, such as what stands in comments. */
export function importedNames(text: string): readonly string[] {
  return [...new Set([...text.matchAll(imported)].map(([, , specifier = '']) => specifier))]
}

export function scanText(path: string, text: string): ScannedText {
  return {
    affectsEveryFile:
      isDeclaration.test(path) ||
      /\bdeclare\s+(global|module)\b/.test(text) ||
      /^\s*\/\/\/\s*</m.test(text) ||
      !/^\s*(import|export)\b|\}\s*export\b/m.test(text),
    specifiers: importedNames(text),
  }
}
