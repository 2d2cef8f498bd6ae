import type { RewriteTarget } from '../model/target'
import type { PackageFindings } from '../engine/run-package'
import type { Shard } from '../engine/shard'
import { surveyPackages } from '../engine/survey-packages'
import type { WorkspacePackage } from '../project/workspace'
import type { CommandDeps } from './command'
import type { OpenWorkspace } from './open-workspace'

export interface LookOptions {
  readonly includeTests?: boolean
  readonly shard?: Shard
  /** How many packages at a time; absent: as many as make sense. */
  readonly jobs?: number
}

/**
 * What is in the packages, in their order; with `rewriteOf` also what is to be written. Nothing is.
 *
 * @throws CodemodError `READ_FAILED`, `INTERRUPTED`.
 */
export async function lookAtPackages(
  { workspace, dialects }: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  options: LookOptions & { readonly rewriteOf?: (target: WorkspacePackage) => RewriteTarget },
  deps: CommandDeps,
): Promise<readonly PackageFindings[]> {
  const includeTests = options.includeTests ?? false
  const { shard, jobs, rewriteOf } = options
  const surveyed = surveyPackages(packages, {
    workspace,
    includeTests,
    ...(shard === undefined ? {} : { shard }),
  })
  const requests = surveyed.map((entry) => ({
    ...entry,
    ...(rewriteOf === undefined ? {} : { rewrite: rewriteOf(entry.target) }),
  }))
  const runner = deps.runner ?? (await localRunner(deps))
  return runner.run(
    requests,
    { workspace, dialects, includeTests },
    {
      ...(jobs === undefined ? {} : { jobs }),
      onPackage: (done, total, name) => {
        deps.onProgress(done, total, name)
      },
    },
  )
}

/** Loaded only where the work is done in this very thread: it brings the compiler along. */
async function localRunner(deps: CommandDeps): Promise<NonNullable<CommandDeps['runner']>> {
  const { createLocalRunner } = await import('../engine/local-runner.js')
  return createLocalRunner(deps.knowledge)
}
