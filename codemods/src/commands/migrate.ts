import { appendRunHistory, historyPath, readHistory } from '../engine/history-file'
import { findInterruptedRuns, recoverInterruptedRuns } from '../engine/recover-runs'
import type { PackagePlan } from '../engine/plan-package'
import { planPackage } from '../engine/plan-package'
import { withRunLock } from '../engine/run-lock'
import { scanPackage } from '../engine/scan-package'
import { writeRun } from '../engine/write-run'
import type { RunReport } from '../model/site'
import type { TargetStyle } from '../model/target'
import { DeclarationCache } from '../project/declaration-cache'
import { CodemodError } from '../project/codemod-error'
import type { WorkspacePackage } from '../project/workspace'
import { selectPackages } from '../project/workspace'
import { renderHtmlReport } from '../report/render-html'
import { toHistoryEntry } from '../report/run-history'
import { renderSarif } from '../report/render-sarif'
import { renderRunReport } from '../report/render-run-report'
import { countOf } from '../report/render-table'
import { createRunReport } from '../report/run-report'
import { renderUnifiedDiff } from '../report/unified-diff'
import type { CommandDeps, CommandOutcome, PackageOptions } from './command'
import type { OpenWorkspace } from './open-workspace'
import { openConfiguredWorkspace } from './open-workspace'
import { requireCleanWorkTree } from './require-clean-work-tree'
import { requireTargets } from './require-targets'
import { textOnDisk } from './scan'

export interface MigrateOptions extends PackageOptions {
  readonly dryRun?: boolean
  /** Replaces the style of the configuration. */
  readonly style?: TargetStyle
  readonly allowDirty?: boolean
  readonly fixLeaks?: boolean
  readonly oneShot?: boolean
  readonly transactions?: boolean
}

/**
 * Rewrites every provable site of the named packages: all files or none. With `dryRun` the outcome's output is the
 * unified diff and nothing is written.
 *
 * @throws CodemodError for every reason in its table.
 */
export async function runMigrate(
  names: readonly string[],
  options: MigrateOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const opened = await openConfiguredWorkspace(deps.cwd, options.config, deps.knowledge)
  const packages = selectPackages(opened.workspace, names, deps.cwd)
  if (names.length === 0) throw new CodemodError('USAGE', 'migrate: name at least one package')
  if (options.dryRun === true) return dryRun(opened, packages, options, deps)
  return withRunLock(opened.workspace.root, deps, () => writingRun(opened, packages, options, deps))
}

function dryRun(
  opened: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  options: MigrateOptions,
  deps: CommandDeps,
): CommandOutcome {
  const interrupted = findInterruptedRuns(opened.workspace.root, deps.files)
  const notes = interrupted.map(
    ({ id }) => `${id} was interrupted; a migrate without --dry-run takes it back first`,
  )
  const planned = planAll(opened, packages, options, deps)
  const changes = planned.plans.flatMap((plan) => plan.changes)
  const diff = renderUnifiedDiff(
    changes.map(({ path, before, after }) => ({
      path,
      before: before?.toString('utf8') ?? '',
      after: after?.toString('utf8') ?? '',
    })),
  )
  const note = `nothing was written; ${countOf(changes.length, 'file')} would change`
  return { ...toOutcome(planned, [...notes, note], opened, deps), output: diff }
}

function writingRun(
  opened: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  options: MigrateOptions,
  deps: CommandDeps,
): CommandOutcome {
  const { root } = opened.workspace
  const notes = [...recoverInterruptedRuns(root, deps.files)]
  if (options.allowDirty !== true) notes.push(...requireCleanWorkTree(opened.workspace, packages, deps.files))
  const planned = planAll(opened, packages, options, deps)
  const changes = planned.plans.flatMap((plan) => plan.changes)
  if (changes.length === 0)
    return toOutcome(planned, [...notes, 'nothing to rewrite; no file was written'], opened, deps)
  const id = writeRun({ root, command: 'migrate', startedAt: deps.now(), changes }, deps.files)
  const undo = `pgferry revert ${[...new Set(changes.map((change) => change.package))].join(' ')}`
  const note = `${countOf(changes.length, 'file')} written (run ${id}); \`${undo}\` takes ${changes.length === 1 ? 'it' : 'them'} back`
  const outcome = toOutcome(planned, [...notes, note], opened, deps)
  appendRunHistory(root, toHistoryEntry(outcome.json, deps.now()), deps.files)
  return outcome
}

interface Planned {
  readonly plans: readonly PackagePlan[]
  readonly notes: readonly string[]
}

function planAll(
  { workspace, dialects }: OpenWorkspace,
  packages: readonly WorkspacePackage[],
  options: MigrateOptions,
  deps: CommandDeps,
): Planned {
  const { knowledge } = deps
  const declarations = new DeclarationCache()
  const includeTests = options.includeTests ?? false
  const targets = requireTargets(packages, options.style, options, { isDryRun: options.dryRun === true })
  const scanned = targets.map((target, done) => {
    deps.onProgress(done, targets.length * 2, `${target.package.name}: analysing`)
    return {
      target,
      entry: scanPackage(target.package, { workspace, dialects, knowledge, includeTests, declarations }),
    }
  })
  const syntaxErrors = scanned.flatMap(({ entry }) => entry.syntaxErrors)
  if (syntaxErrors.length > 0) {
    throw new CodemodError('SOURCE_SYNTAX', 'sources that may hold call sites do not parse', syntaxErrors)
  }
  const plans = scanned.map(({ target, entry }, done) => {
    deps.onProgress(targets.length + done, targets.length * 2, `${target.package.name}: rewriting`)
    return planPackage(entry, target.rewrite, {
      isTypeChecked: target.problem === undefined,
      declarations,
    })
  })
  const problems = targets.flatMap(({ problem }) =>
    problem === undefined ? [] : [`not type-checked: ${problem}`],
  )
  return { plans, notes: [...problems, ...scanned.flatMap(({ entry }) => entry.notes)] }
}

function toOutcome(
  { plans, notes }: Planned,
  more: readonly string[],
  { workspace: { root } }: OpenWorkspace,
  deps: CommandDeps,
): CommandOutcome & { readonly json: RunReport } {
  const report = createRunReport(
    'migrate',
    plans.map((plan) => plan.report),
  )
  const earlier = readHistory(historyPath(root), deps.files)
  return {
    exitCode: 0,
    json: report,
    render: (paint) => renderRunReport(report, paint),
    html: () =>
      renderHtmlReport(report, {
        textOf: textBefore(plans, textOnDisk(root, deps.files)),
        history: [...earlier, toHistoryEntry(report, deps.now())],
      }),
    sarif: (version) => renderSarif(report, version),
    notes: [...notes, ...plans.flatMap((plan) => plan.notes), ...more],
  }
}

/** Lines of a report count in the text that was analysed, which is no longer on disk when it was rewritten. */
function textBefore(
  plans: readonly PackagePlan[],
  onDisk: (file: string) => string | undefined,
): (file: string) => string | undefined {
  const changed = new Map(
    plans.flatMap((plan) => plan.changes.map(({ path, before }) => [path, before] as const)),
  )
  return (file) => changed.get(file)?.toString('utf8') ?? onDisk(file)
}
