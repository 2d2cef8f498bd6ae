import { resolve } from 'node:path'
import { CodemodError, describeCause } from '../project/codemod-error'
import { hasFindings, renderCheckReport } from '../report/check-report'
import { mergeReports } from '../report/merge-reports'
import type { PartialReport } from '../report/merge-reports'
import { renderHtmlReport } from '../report/render-html'
import { renderRunReport } from '../report/render-run-report'
import { renderSarif } from '../report/render-sarif'
import type { CommandDeps, CommandOutcome } from './command'
import { textOnDisk } from './scan'

/**
 * Joins the `--json` files of the shards of one run into the report of the whole.
 *
 * @throws CodemodError `USAGE` naming the file that is none of ours, of another command, or of a shard that was given already.
 */
export function runReportMerge(paths: readonly string[], deps: CommandDeps): CommandOutcome {
  const reports = paths.map((path) => readReport(path, deps))
  const other = reports.find(({ command }) => command !== reports[0]?.command)
  if (other !== undefined) {
    throw new CodemodError(
      'USAGE',
      `report merge: received reports of ${String(reports[0]?.command)} and ${other.command}`,
    )
  }
  const report = merge(reports)
  if (report.command === 'check') {
    return {
      exitCode: hasFindings(report) ? 1 : 0,
      json: report,
      render: (paint) => renderCheckReport(report, paint),
      notes: [],
    }
  }
  return {
    exitCode: 0,
    json: report,
    render: (paint) => renderRunReport(report, paint),
    html: () => renderHtmlReport(report, { textOf: textOnDisk(deps.cwd, deps.files) }),
    sarif: (version) => renderSarif(report, version),
    notes: [],
  }
}

function merge(reports: readonly PartialReport[]): PartialReport {
  try {
    return mergeReports(reports)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new CodemodError('USAGE', `report merge: ${cause.message}`, [], {
      hint: 'Give the report of each shard once.',
      cause,
    })
  }
}

function readReport(path: string, { cwd, files }: CommandDeps): PartialReport {
  let parsed: unknown
  try {
    parsed = JSON.parse(files.read(resolve(cwd, path)).toString('utf8'))
  } catch (cause) {
    throw new CodemodError('USAGE', `report merge: ${path}: ${describeCause(cause)}`, [], { cause })
  }
  const { schemaVersion, command } = (parsed ?? {}) as Partial<PartialReport>
  if (schemaVersion !== 1 || !['scan', 'migrate', 'check'].includes(String(command))) {
    throw new CodemodError('USAGE', `report merge: ${path} is no --json of scan, migrate or check`)
  }
  return parsed as PartialReport
}
