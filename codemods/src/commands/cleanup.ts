import { join } from 'node:path'
import { cleanUp } from '../cleanup/clean-up'
import { findInterruptedRuns, recoverInterruptedRuns } from '../engine/recover-runs'
import { takeRunLock } from '../engine/run-lock'
import { writeRun } from '../engine/write-run'
import { CodemodError } from '../project/codemod-error'
import type { WorkspacePackage } from '../project/workspace'
import { selectPackages } from '../project/workspace'
import { renderCleanupReport } from '../report/render-cleanup'
import { countOf } from '../report/render-table'
import { renderUnifiedDiff } from '../report/unified-diff'
import type { CommandDeps, CommandOutcome } from './command'
import { lookAtPackages } from './look-at-packages'
import type { OpenWorkspace } from './open-workspace'
import { openConfiguredWorkspace } from './open-workspace'
import { requireCleanWorkTree } from './require-clean-work-tree'

export interface CleanupOptions {
  readonly config?: string
  readonly dryRun?: boolean
  readonly allowDirty?: boolean
}

/**
 * Removes what the crossing needed from the named packages: flag checks, the ferry's wiring, the old connection layer, and what
 * is unused without them. All files or none. With `dryRun` the outcome's output is the unified diff and nothing is written.
 *
 * @throws CodemodError for every reason in its table.
 */
export async function runCleanup(
  names: readonly string[],
  options: CleanupOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const opened = await openConfiguredWorkspace(deps.cwd, options.config, deps.knowledge)
  if (names.length === 0) throw new CodemodError('USAGE', 'cleanup: name at least one package')
  const packages = selectPackages(opened.workspace, names, deps.cwd)
  if (options.dryRun === true) return dryRun(opened, packages, deps)
  const release = takeRunLock(opened.workspace.root, deps)
  try {
    return await writingRun(opened, packages, options, deps)
  } finally {
    release()
  }
}

async function dryRun(
  opened: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const interrupted = findInterruptedRuns(opened.workspace.root, deps.files)
  const notes = interrupted.map(
    ({ id }) => `${id} was interrupted; a cleanup without --dry-run takes it back first`,
  )
  const planned = await plan(opened, packages, deps)
  const diff = renderUnifiedDiff(
    planned.changes.map(({ path, before, after }) => ({
      path,
      before: before.toString('utf8'),
      after: after?.toString('utf8') ?? '',
    })),
  )
  const outcome = toOutcome(planned, [
    ...notes,
    `nothing was written; ${countOf(planned.changes.length, 'file')} would change`,
  ])
  return { ...outcome, output: diff }
}

async function writingRun(
  opened: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  options: CleanupOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const { root } = opened.workspace
  const notes = [...recoverInterruptedRuns(root, deps.files)]
  if (options.allowDirty !== true) notes.push(...requireCleanWorkTree(opened.workspace, packages, deps.files))
  const planned = await plan(opened, packages, deps)
  const { changes } = planned
  if (changes.length === 0) return toOutcome(planned, [...notes, 'nothing to remove; no file was written'])
  const id = writeRun({ root, command: 'cleanup', startedAt: deps.now(), changes }, deps.files)
  const undo = `pgferry revert ${[...new Set(changes.map((change) => change.package))].join(' ')}`
  return toOutcome(planned, [
    ...notes,
    `${countOf(changes.length, 'file')} written (run ${id}); \`${undo}\` takes ${changes.length === 1 ? 'it' : 'them'} back`,
  ])
}

type Planned = ReturnType<typeof cleanUp>

async function plan(
  opened: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  deps: CommandDeps,
): Promise<Planned> {
  const unmigrated = await unmigratedFiles(opened, packages, deps)
  return cleanUp(opened.workspace, packages, { dialects: opened.dialects, unmigrated })
}

/** Files with call sites that a migrate would still rewrite: what it would make of them is better than what is done here. */
async function unmigratedFiles(
  opened: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  deps: CommandDeps,
): Promise<ReadonlySet<string>> {
  const wired = packages.filter(({ connections }) => connections !== undefined)
  const findings = await lookAtPackages(opened, wired, {}, deps)
  const sites = findings.flatMap(({ report }) => report.sites)
  const rewritable = sites.filter(({ verdict }) => verdict === 'rewritable')
  return new Set(rewritable.map(({ file }) => join(opened.workspace.root, file)))
}

function toOutcome({ report, notes }: Planned, more: readonly string[]): CommandOutcome {
  return {
    exitCode: 0,
    json: report,
    render: (paint) => renderCleanupReport(report, paint),
    notes: [...notes, ...more],
  }
}
