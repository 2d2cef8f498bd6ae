import type { Dialect } from '../model/dialect'
import type { DialectSuggestion } from '../model/dialect-suggestion'
import type { PackageReport } from '../model/site'
import type { RewriteTarget } from '../model/target'
import { findConnectionsProblem } from '../project/connections-module'
import type { DeclarationCache } from '../project/declaration-cache'
import type { Workspace, WorkspacePackage } from '../project/workspace'
import type { Knowledge } from './knowledge'
import { planPackage } from './plan-package'
import { scanPackage } from './scan-package'
import type { SurveyedPackage } from './survey-packages'
import type { FileChange } from './write-run'

/** What holds for every package of a command; plain data, so that it can go to another thread. */
export interface RunContext {
  readonly workspace: Workspace
  readonly dialects: readonly Dialect[]
  readonly includeTests: boolean
}

/** One package to look at. Plain data. */
export interface PackageRequest extends SurveyedPackage {
  /** How its sites are rewritten; absent: they are only looked at. */
  readonly rewrite?: RewriteTarget
}

/** What was found in a package, and what is to be written. Plain data; nothing of syntax trees is kept. */
export interface PackageFindings {
  readonly target: WorkspacePackage
  readonly report: PackageReport
  readonly syntaxErrors: readonly string[]
  readonly notes: readonly string[]
  readonly changes: readonly FileChange[]
  /** What looks like an API that no dialect knows, the most frequent first. */
  readonly suggestions?: readonly DialectSuggestion[]
  /** Why what the new code would import is not there; then its types were not checked. */
  readonly problem?: string
}

export interface RunMeans {
  readonly knowledge: Knowledge
  readonly declarations: DeclarationCache
  /** Called when much has been dropped. */
  readonly relieve?: () => void
}

/**
 * Looks at one package and, when told how, plans its rewrites. Writes nothing.
 *
 * @throws CodemodError `READ_FAILED`.
 */
export function runPackage(request: PackageRequest, context: RunContext, means: RunMeans): PackageFindings {
  const { target, rewrite } = request
  const { declarations } = means
  const scanned = scanPackage(target, { ...context, ...means, surveyed: request })
  const { report, syntaxErrors, notes, suggestions } = scanned
  if (rewrite === undefined || syntaxErrors.length > 0)
    return { target, report, syntaxErrors, notes, suggestions, changes: [] }
  const problem = findConnectionsProblem(target)
  const plan = planPackage(scanned, rewrite, { isTypeChecked: problem === undefined, declarations })
  return {
    target,
    report: plan.report,
    syntaxErrors,
    notes: [...notes, ...plan.notes],
    changes: plan.changes,
    ...(problem === undefined ? {} : { problem }),
  }
}
