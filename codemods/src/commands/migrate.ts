import { appendRunHistory, historyPath, readHistory } from '../engine/history-file'
import { findInterruptedRuns, recoverInterruptedRuns } from '../engine/recover-runs'
import { takeRunLock } from '../engine/run-lock'
import type { PackageFindings } from '../engine/run-package'
import type { RunReport } from '../model/site'
import type { RewriteTarget, TargetStyle } from '../model/target'
import { CodemodError, describeCause } from '../project/codemod-error'
import type { WorkspacePackage } from '../project/workspace'
import { selectPackages } from '../project/workspace'
import { renderHtmlReport } from '../report/render-html'
import { renderSarif } from '../report/render-sarif'
import { renderRunReport } from '../report/render-run-report'
import { countOf } from '../report/render-table'
import { toHistoryEntry } from '../report/run-history'
import { createRunReport } from '../report/run-report'
import { renderUnifiedDiff } from '../report/unified-diff'
import type { CommandDeps, CommandOutcome, PackageOptions } from './command'
import { lookAtPackages } from './look-at-packages'
import type { OpenWorkspace } from './open-workspace'
import { openConfiguredWorkspace } from './open-workspace'
import { requireCleanWorkTree, requireRepository } from './require-clean-work-tree'
import { requireConnections, targetOf } from './rewrite-targets'
import { textOnDisk } from './scan'
import { writeAndCommit, writeTogether } from './write-packages'

export interface MigrateOptions extends PackageOptions {
  readonly dryRun?: boolean
  /** Replaces the style of the configuration. */
  readonly style?: TargetStyle
  readonly allowDirty?: boolean
  /** One commit for each package that changes. */
  readonly commit?: boolean
  readonly fixLeaks?: boolean
  readonly oneShot?: boolean
  readonly transactions?: boolean
}

/**
 * Rewrites every provable site of the named packages: all files or none; with `commit` package by package. With `dryRun` the
 * outcome's output is the unified diff and nothing is written.
 *
 * @throws CodemodError for every reason in its table.
 */
export async function runMigrate(
  names: readonly string[],
  options: MigrateOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  refuseContradictions(options)
  const opened = await openConfiguredWorkspace(deps.cwd, options.config, deps.knowledge)
  const packages = selectPackages(opened.workspace, names, deps.cwd)
  if (names.length === 0) throw new CodemodError('USAGE', 'migrate: name at least one package')
  if (options.dryRun === true) return dryRun(opened, packages, options, deps)
  const release = takeRunLock(opened.workspace.root, deps)
  try {
    return await writingRun(opened, packages, options, deps)
  } finally {
    release()
  }
}

function refuseContradictions({ commit, dryRun: isDry, allowDirty }: MigrateOptions): void {
  if (commit !== true) return
  if (isDry === true) throw new CodemodError('USAGE', '--commit: nothing is written with --dry-run')
  if (allowDirty === true)
    throw new CodemodError('USAGE', '--commit: with --allow-dirty the commits would take in other work')
}

async function dryRun(
  opened: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  options: MigrateOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const interrupted = findInterruptedRuns(opened.workspace.root, deps.files)
  const notes = interrupted.map(
    ({ id }) => `${id} was interrupted; a migrate without --dry-run takes it back first`,
  )
  const findings = await planAll(opened, packages, options, deps)
  const changes = findings.flatMap((entry) => entry.changes)
  const diff = renderUnifiedDiff(
    changes.map(({ path, before, after }) => ({
      path,
      before: before?.toString('utf8') ?? '',
      after: after?.toString('utf8') ?? '',
    })),
  )
  const note = `nothing was written; ${countOf(changes.length, 'file')} would change`
  return { ...toOutcome(findings, [...notes, note], opened, deps), output: diff }
}

async function writingRun(
  opened: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  options: MigrateOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const { root } = opened.workspace
  const notes = [...recoverInterruptedRuns(root, deps.files)]
  if (options.commit === true) requireRepository(root)
  if (options.allowDirty !== true) notes.push(...requireCleanWorkTree(opened.workspace, packages, deps.files))
  const findings = await planAll(opened, packages, options, deps)
  requireConnections(findings)
  const write = options.commit === true ? writeAndCommit : writeTogether
  const outcome = toOutcome(findings, [...notes, ...write(root, findings, deps)], opened, deps)
  if (!findings.some(({ changes }) => changes.length > 0)) return outcome
  const unrecorded = recordRun(root, outcome.json, deps)
  return unrecorded === undefined ? outcome : { ...outcome, notes: [...outcome.notes, unrecorded] }
}

/** The rewrites are written and in the journal by now: a burndown that lacks a point is a remark and no failure. */
function recordRun(root: string, report: RunReport, deps: CommandDeps): string | undefined {
  try {
    appendRunHistory(root, toHistoryEntry(report, deps.now()), deps.files)
    return undefined
  } catch (cause) {
    return `this run is missing in ${historyPath(root)}, which cannot be written: ${describeCause(cause)}`
  }
}

async function planAll(
  opened: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  options: MigrateOptions,
  deps: CommandDeps,
): Promise<readonly PackageFindings[]> {
  const rewriteOf = (entry: WorkspacePackage): RewriteTarget => targetOf(entry, options.style, options)
  const findings = await lookAtPackages(opened, packages, { ...options, rewriteOf }, deps)
  const syntaxErrors = findings.flatMap((entry) => entry.syntaxErrors)
  if (syntaxErrors.length > 0) {
    throw new CodemodError('SOURCE_SYNTAX', 'sources that may hold call sites do not parse', syntaxErrors)
  }
  return findings
}

function toOutcome(
  findings: readonly PackageFindings[],
  more: readonly string[],
  { workspace: { root } }: OpenWorkspace,
  deps: CommandDeps,
): CommandOutcome & { readonly json: RunReport } {
  const report = createRunReport(
    'migrate',
    findings.map((entry) => entry.report),
  )
  const earlier = readHistory(historyPath(root), deps.files)
  const unchecked = findings.flatMap(({ problem }) =>
    problem === undefined ? [] : [`not type-checked: ${problem}`],
  )
  return {
    exitCode: 0,
    json: report,
    render: (paint) => renderRunReport(report, paint),
    html: () =>
      renderHtmlReport(report, {
        textOf: textBefore(findings, textOnDisk(root, deps.files)),
        history: [...earlier, toHistoryEntry(report, deps.now())],
      }),
    sarif: (version) => renderSarif(report, version),
    notes: [...unchecked, ...findings.flatMap((entry) => entry.notes), ...more],
  }
}

/** Lines of a report count in the text that was analysed, which is no longer on disk when it was rewritten. */
function textBefore(
  findings: readonly PackageFindings[],
  onDisk: (file: string) => string | undefined,
): (file: string) => string | undefined {
  const changed = new Map(
    findings.flatMap((plan) => plan.changes.map(({ path, before }) => [path, before] as const)),
  )
  return (file) => changed.get(file)?.toString('utf8') ?? onDisk(file)
}
