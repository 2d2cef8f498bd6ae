import type { CleanupPackageReport, CleanupReport } from '../model/cleanup'
import { cleanupKinds } from '../model/cleanup'
import type { Paint } from './paint'
import { plainPaint } from './paint'
import { countOf, renderTable } from './render-table'

/** The report of `cleanup` for people: a table by package, what was removed by kind, what stays and why, one closing sentence. */
export function renderCleanupReport(report: CleanupReport, paint: Paint = plainPaint): string {
  const rows = report.packages.map((entry) =>
    [entry.name, entry.removals.length, entry.edited.length, entry.deleted.length, entry.refusals.length].map(
      String,
    ),
  )
  const [header = '', ...body] = renderTable([['package', 'removed', 'edited', 'deleted', 'stays'], ...rows])
  const lines = [
    paint.bold(header),
    ...body,
    ...removalsOf(report, paint),
    ...refusalsOf(report, paint),
    '',
    summaryOf(report, paint),
  ]
  return `${lines.join('\n')}\n`
}

function removalsOf({ packages }: CleanupReport, paint: Paint): string[] {
  const removals = packages.flatMap((entry) => entry.removals)
  return cleanupKinds.flatMap((kind) => {
    const own = removals.filter((removal) => removal.kind === kind)
    if (own.length === 0) return []
    const places = own.map(({ file, line, what }) => `  ${file}:${String(line)}  ${what}`)
    return ['', paint.green(`Removed: ${kind} (${String(own.length)})`), ...places]
  })
}

function refusalsOf({ packages }: CleanupReport, paint: Paint): string[] {
  const refusals = packages.flatMap((entry: CleanupPackageReport) => entry.refusals)
  if (refusals.length === 0) return []
  return [
    '',
    paint.yellow(`Stays, with the reason (${String(refusals.length)})`),
    ...refusals.flatMap(({ file, line, column, what, reason, advice }) => [
      `  ${file}:${String(line)}:${String(column)}  ${what}`,
      `    ${reason}: ${advice}`,
    ]),
  ]
}

function summaryOf({ totals }: CleanupReport, paint: Paint): string {
  const { edited, deleted, refused } = totals
  const done = `${countOf(edited, 'file')} edited, ${String(deleted)} deleted`
  if (refused === 0) return paint.green(`${done}. Nothing of the ferry is left in these packages.`)
  return `${done}. ${countOf(refused, 'place')} ${refused === 1 ? 'needs' : 'need'} a person first; then run cleanup again.`
}
