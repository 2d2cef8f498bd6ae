import type { RewriteFeatures, RewriteTarget, TargetStyle } from '../model/target'
import { CodemodError } from '../project/codemod-error'
import { findConnectionsProblem } from '../project/connections-module'
import type { WorkspacePackage } from '../project/workspace'

/** How one package is rewritten. */
export interface PackageTarget {
  readonly package: WorkspacePackage
  readonly rewrite: RewriteTarget
  /** Why the result cannot be type-checked yet; only in a dry run. */
  readonly problem?: string
}

/**
 * What each package is rewritten to. What the new code would import must be there; for a dry run its absence is a remark,
 * so that the diff can be read before the module is written.
 *
 * @throws CodemodError `CONFIG_INVALID` naming the option that is missing or wrong.
 */
export function requireTargets(
  packages: readonly WorkspacePackage[],
  style: TargetStyle | undefined,
  features: RewriteFeatures,
  options: { readonly isDryRun: boolean },
): readonly PackageTarget[] {
  const targets = packages.map((entry): PackageTarget => {
    const problem = findConnectionsProblem(entry)
    return {
      package: entry,
      rewrite: targetOf(entry, style, features),
      ...(problem === undefined ? {} : { problem }),
    }
  })
  const problems = targets.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))
  if (problems.length > 0 && !options.isDryRun) {
    throw new CodemodError('CONFIG_INVALID', 'the rewritten code would import what is not there', problems, {
      hint: 'Write that module, or let it export the connection service under this name, or correct `connections`.',
    })
  }
  return targets
}

function targetOf(
  entry: WorkspacePackage,
  style: TargetStyle | undefined,
  { fixLeaks = false, oneShot = false, transactions = false }: RewriteFeatures,
): RewriteTarget {
  if (entry.connections === undefined) {
    throw new CodemodError(
      'CONFIG_INVALID',
      `package "${entry.name}" does not say how its code reaches the connection service`,
      [
        "connections: received nothing, expected { import: 'connections', from: './src/database' } or { expression: 'this.connections' }",
      ],
    )
  }
  return {
    style: style ?? entry.style,
    purpose: entry.purpose,
    connections: entry.connections,
    fixLeaks,
    oneShot,
    transactions,
  }
}
