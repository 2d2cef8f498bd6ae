import type { Dialect } from '../model/dialect'
import type { DialectSuggestion } from '../model/dialect-suggestion'
import type { HiddenDependency } from '../model/hidden-dependency'
import type { Site } from '../model/site'
import type { PackageSources, SourceText } from '../model/source'
import type { ConnectionsReference, RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import type { DeclarationCache } from '../project/declaration-cache'

/** What the engine needs from dialects, analysis and rewriters; the engine itself knows nothing of any API. */
export interface Knowledge {
  readonly builtinDialects: readonly Dialect[]
  /** Literal words of which a file with a site contains at least one. */
  words(dialects: readonly Dialect[]): readonly string[]
  /** A closer look at a text that contains one of the words; absent: every such text may hold a site. */
  readonly mayHoldSite?: (text: string, words: readonly string[]) => boolean
  /** Words that only the package itself shows: its own functions that give a connection. Files with one of them may hold a site too. */
  furtherWords?(
    sources: PackageSources,
    dialects: readonly Dialect[],
    words: readonly string[],
  ): readonly string[]
  analyze(
    sources: PackageSources,
    dialects: readonly Dialect[],
    options?: AnalyzeOptions,
  ): readonly AnalyzedFile[]
}

export interface AnalyzeOptions {
  readonly connections?: ConnectionsReference
  /** Declaration files that other packages of the same command have parsed. */
  readonly declarations?: DeclarationCache
}

export interface AnalyzedFile {
  readonly source: SourceText
  readonly sites: readonly Site[]
  /** Calls that look like sites of an API that no dialect knows. */
  readonly suggestions?: readonly DialectSuggestion[]
  /** What couples code through the connections of this file. */
  readonly hiddenDependencies?: readonly HiddenDependency[]
  readonly parseErrors: readonly {
    readonly line: number
    readonly column: number
    readonly message: string
  }[]
  /** Edits for every provable site except those in `skip` (site ids), and all sites with their verdict afterwards. */
  rewrite(
    target: RewriteTarget,
    skip: ReadonlySet<string>,
  ): {
    readonly edits: readonly TextEdit[]
    readonly sites: readonly Site[]
  }
}
