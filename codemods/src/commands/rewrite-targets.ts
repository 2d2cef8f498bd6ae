import type { PackageFindings } from '../engine/run-package'
import type { RewriteFeatures, RewriteTarget, TargetStyle } from '../model/target'
import { CodemodError } from '../project/codemod-error'
import type { WorkspacePackage } from '../project/workspace'

/**
 * What a package is rewritten to.
 *
 * @throws CodemodError `CONFIG_INVALID` when the package does not say how its code reaches the service.
 */
export function targetOf(
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

/**
 * What the new code would import must be there; for a dry run its absence is a remark, so that the diff can be read before the module is
 * written.
 *
 * @throws CodemodError `CONFIG_INVALID` naming the option that is missing or wrong.
 */
export function requireConnections(findings: readonly PackageFindings[]): void {
  const problems = findings.flatMap(({ problem }) => problem ?? [])
  if (problems.length === 0) return
  throw new CodemodError('CONFIG_INVALID', 'the rewritten code would import what is not there', problems, {
    hint: 'Write that module, or let it export the connection service under this name, or correct `connections`.',
  })
}
