import type { Dialect } from '../model/dialect'
import type { PackageSources, SourceText } from '../model/source'
import type { AnalyzedFile, AnalyzeOptions, Knowledge } from './knowledge'

/** What a package is divided by: syntax trees take two hundred times the room of their text. Smaller packages are analysed at once. */
const defaultPart: PartSize = { whole: 1_000_000, part: 500_000 }

/** In characters of text: up to `whole` a package is analysed at once, a larger one in parts. */
export interface PartSize {
  readonly whole: number
  readonly part: number
}

/**
 * Analyses the files of a package. A large one is gone through part by part first, and only the files with something to report are kept
 * and analysed together: what is held at a time stays the same however large the package is, and so does the result.
 */
export function analyzeSources(
  knowledge: Knowledge,
  sources: PackageSources,
  dialects: readonly Dialect[],
  options: AnalyzeOptions & { readonly partSize?: PartSize; readonly relieve?: () => void } = {},
): readonly AnalyzedFile[] {
  const { partSize = defaultPart, relieve, ...rest } = options
  const size = sources.files.reduce((sum, { text }) => sum + text.length, 0)
  if (size <= partSize.whole) return knowledge.analyze(sources, dialects, rest)
  const kept = partsOf(sources.files, partSize.part).flatMap((files) => {
    const analyzed = knowledge.analyze({ ...sources, files }, dialects, rest)
    const worth = analyzed.filter(hasAnything).map(({ source }) => source)
    relieve?.()
    return worth
  })
  const files = withCallers(knowledge, { ...sources, files: kept }, sources.files, dialects)
  relieve?.()
  return knowledge.analyze({ ...sources, files }, dialects, rest)
}

/** How often functions that give a connection lead to files that call them. */
const maxRounds = 3

/** What is worth it in one part may show the functions that another part calls: files that mention one are kept too. */
function withCallers(
  knowledge: Knowledge,
  kept: PackageSources,
  all: readonly SourceText[],
  dialects: readonly Dialect[],
): readonly SourceText[] {
  const { mayHoldSite = mentions } = knowledge
  let { files } = kept
  let words = knowledge.words(dialects)
  for (let round = 0; round < maxRounds; round++) {
    const further = knowledge.furtherWords?.({ ...kept, files }, dialects, words) ?? []
    if (further.length === 0) break
    words = [...words, ...further]
    const known = new Set(files)
    files = all.filter((file) => known.has(file) || mayHoldSite(file.text, further))
  }
  return files
}

function mentions(text: string, words: readonly string[]): boolean {
  return words.some((word) => text.includes(word))
}

function hasAnything({ sites, parseErrors, hiddenDependencies = [] }: AnalyzedFile): boolean {
  return sites.length + parseErrors.length + hiddenDependencies.length > 0
}

function partsOf(files: readonly SourceText[], limit: number): readonly (readonly SourceText[])[] {
  const parts: SourceText[][] = []
  let size = Infinity
  for (const file of files) {
    if (size + file.text.length > limit) {
      parts.push([])
      size = 0
    }
    parts.at(-1)?.push(file)
    size += file.text.length
  }
  return parts
}
