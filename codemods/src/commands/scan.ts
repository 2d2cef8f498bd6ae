import { join, resolve } from 'node:path'
import type { Verdict } from '../model/site'
import { appendHistory, historyPath, readHistory } from '../engine/history-file'
import type { FileOperations } from '../engine/file-operations'
import { findInterruptedRuns } from '../engine/recover-runs'
import { codemodErrors } from '../project/codemod-error'
import { selectPackages } from '../project/workspace'
import { renderHtmlReport } from '../report/render-html'
import { renderSarif } from '../report/render-sarif'
import { toHistoryEntry } from '../report/run-history'
import { renderRunReport } from '../report/render-run-report'
import { createRunReport } from '../report/run-report'
import type { CommandDeps, CommandOutcome, PackageOptions } from './command'
import { lookAtPackages } from './look-at-packages'
import { openWorkspace } from './open-workspace'

export interface ScanCommandOptions extends PackageOptions {
  /** Verdicts that make the exit code 1. */
  readonly failOn?: readonly Verdict[]
  /** File that this run is added to, and that the page's burndown is drawn from; absent: what migrates noted is drawn. */
  readonly history?: string
}

/**
 * The inventory of the named packages, all when none is named. Writes nothing. A file that does not parse is named, and
 * the exit code is that of a syntax error, because the inventory is then incomplete.
 */
export async function runScan(
  names: readonly string[],
  options: ScanCommandOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const opened = await openWorkspace(deps.cwd, options.config, deps.knowledge)
  const packages = selectPackages(opened.workspace, names, deps.cwd)
  const scanned = await lookAtPackages(opened, packages, options, deps)
  const report = createRunReport(
    'scan',
    scanned.map((entry) => entry.report),
  )
  const syntaxErrors = scanned.flatMap((entry) => entry.syntaxErrors)
  const isFailing = (options.failOn ?? []).some((verdict) => report.totals[verdict] > 0)
  const entry = toHistoryEntry(report, deps.now())
  const history =
    options.history === undefined
      ? [...readHistory(historyPath(opened.workspace.root), deps.files), entry]
      : appendHistory(resolve(deps.cwd, options.history), entry, deps.files)
  return {
    exitCode: syntaxErrors.length > 0 ? codemodErrors.SOURCE_SYNTAX.exit : isFailing ? 1 : 0,
    json: report,
    render: (paint) => renderRunReport(report, paint),
    html: () => renderHtmlReport(report, { textOf: textOnDisk(opened.workspace.root, deps.files), history }),
    sarif: (version) => renderSarif(report, version),
    notes: [
      ...scanned.flatMap((entry) => entry.notes),
      ...syntaxErrors.map((error) => `does not parse, so its sites may be missing: ${error}`),
      ...findInterruptedRuns(opened.workspace.root, deps.files).map(
        ({ id }) => `${id} was interrupted; the next migrate or revert takes it back`,
      ),
    ],
  }
}

/** The text of a file for excerpts; a file that has gone since has none. */
export function textOnDisk(root: string, files: FileOperations): (file: string) => string | undefined {
  return (file) => {
    const path = join(root, file)
    return files.exists(path) ? files.read(path).toString('utf8') : undefined
  }
}
