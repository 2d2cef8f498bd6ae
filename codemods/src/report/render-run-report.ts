import type { RunReport, Site, Totals } from '../model/site'
import type { Paint } from './paint'
import { plainPaint } from './paint'
import { renderHidden } from './render-hidden'
import { renderFindings } from './render-sites'
import { countOf, renderTable } from './render-table'
import { countSites } from './run-report'

/** The report of `scan` and `migrate` for people: a table by package, leaks, what needs a person, one closing sentence. */
export function renderRunReport(report: RunReport, paint: Paint = plainPaint): string {
  const sites = report.packages.flatMap((entry) => entry.sites)
  const having = (verdict: Site['verdict']): readonly Site[] =>
    sites.filter((site) => site.verdict === verdict)
  const lines = [
    ...tableOf(report, paint),
    ...renderFindings(paint.red('Leaks: a path loses the connection'), having('leak'), paint),
    ...renderFindings(paint.yellow('Manual: left as they are, with the reason'), having('manual'), paint),
    ...renderHidden(report, paint),
    '',
    summaryOf(report, paint),
  ]
  return `${lines.join('\n')}\n`
}

function tableOf(report: RunReport, paint: Paint): string[] {
  const outcome = report.command === 'scan' ? 'rewritable' : 'rewritten'
  const cells = (totals: Totals): string[] =>
    [totals.sites, totals[outcome], totals.leak, totals.manual, totals.already].map(String)
  const rows = report.packages.map((entry) => [
    entry.name,
    String(entry.files),
    ...cells(countSites(entry.sites)),
  ])
  const files = report.packages.reduce((sum, entry) => sum + entry.files, 0)
  const total = report.packages.length > 1 ? [['total', String(files), ...cells(report.totals)]] : []
  const [header = '', ...body] = renderTable([
    ['package', 'files', 'sites', outcome, 'leaks', 'manual', 'done'],
    ...rows,
    ...total,
  ])
  return [paint.bold(header), ...body]
}

function summaryOf(report: RunReport, paint: Paint): string {
  const { totals, packages } = report
  const place = countOf(packages.length, 'package')
  if (packages.length === 0) return 'The configuration names no package: add some to `packages`.'
  if (totals.sites === 0) return `No place in ${place} takes a database connection through a known API.`
  const parts = [
    [totals.rewritten, 'rewritten', paint.green],
    [
      totals.rewritable,
      report.command === 'scan' ? 'can be rewritten by `pgferry migrate`' : 'still rewritable',
      paint.green,
    ],
    [totals.leak, totals.leak === 1 ? 'leaks a connection' : 'leak a connection', paint.red],
    [totals.manual, totals.manual === 1 ? 'needs a person' : 'need a person', paint.yellow],
    [
      totals.already,
      totals.already === 1 ? 'is on the service already' : 'are on the service already',
      paint.green,
    ],
  ] as const
  const told = parts
    .filter(([count]) => count > 0)
    .map(([count, text, color]) => color(`${String(count)} ${text}`))
  return `${countOf(totals.sites, 'site')} in ${place}: ${told.join(', ')}.`
}
