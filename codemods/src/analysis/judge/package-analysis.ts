import type { DialectSuggestion } from '../../model/dialect-suggestion'
import type ts from 'typescript'
import type { HiddenDependency } from '../../model/hidden-dependency'
import type { Site } from '../../model/site'
import type { SourceText } from '../../model/source'
import type { RewritePlan, Unmended } from './judgement'
import type { ParseError } from '../modules/parse-package'
import type { SiteFacts } from '../calls/site-facts'

export interface PackageAnalysis {
  readonly files: readonly FileAnalysis[]
  /** Names of the package's own functions that give a connection: files that mention one may hold a site too. */
  readonly wrapperNames: readonly string[]
  /** What looks like an API that no dialect knows. */
  readonly suggestions: readonly DialectSuggestion[]
}

export interface FileAnalysis {
  readonly source: SourceText
  readonly sites: readonly AnalyzedSite[]
  readonly parseErrors: readonly ParseError[]
  /** For rewriters. */
  readonly sourceFile: ts.SourceFile
  readonly checker: ts.TypeChecker
  readonly packagePath: string
  /** What couples code through the connections of this file. */
  readonly hiddenDependencies: readonly HiddenDependency[]
}

export interface AnalyzedSite {
  readonly site: Site
  readonly facts: SiteFacts
  /** There when the verdict is `rewritable`, and when a `leak` can be mended by rewriting it. */
  readonly plan?: RewritePlan
  /** Of a `leak` without a plan: told instead of the leak where its mending was asked for. */
  readonly unmended?: Unmended
}
