import { inOrder } from '../model/order'
import type { PackageReport, RunReport, Site } from '../model/site'
import type { CheckReport } from './check-report'
import { createRunReport } from './run-report'

/** What parts of a run may be reported as. */
export type PartialReport = RunReport | CheckReport

/**
 * The report of a whole run from those of its shards: the same, byte for byte, as if it had not been divided. All of one command.
 *
 * @throws RangeError when two of them answer for the same place.
 */
export function mergeReports(reports: readonly PartialReport[]): PartialReport {
  const checks = reports.filter((report) => report.command === 'check')
  const [first] = checks
  return first === undefined
    ? mergeRunReports(reports.filter((report) => report.command !== 'check'))
    : mergeCheckReports(first, checks)
}

function mergeRunReports(reports: readonly RunReport[]): RunReport {
  const byPath = new Map<string, PackageReport[]>()
  for (const entry of reports.flatMap(({ packages }) => packages))
    byPath.set(entry.path, [...(byPath.get(entry.path) ?? []), entry])
  const ordered = [...byPath].sort(([left], [right]) => (left < right ? -1 : 1))
  const command = reports[0]?.command ?? 'scan'
  return createRunReport(
    command,
    ordered.map(([, parts]) => mergePackages(parts)),
  )
}

function mergePackages(parts: readonly PackageReport[]): PackageReport {
  const [first, ...others] = parts
  if (first === undefined) throw new RangeError('a package without a part')
  if (others.length === 0) return first
  const sites = distinct(parts.flatMap((part) => part.sites))
  const hidden = parts.flatMap(({ hiddenDependencies }) => hiddenDependencies ?? [])
  return {
    ...first,
    files: parts.reduce((sum, part) => sum + part.files, 0),
    sites: inOrder(sites),
    ...(hidden.length === 0 ? {} : { hiddenDependencies: inOrder(hidden) }),
  }
}

function mergeCheckReports(first: CheckReport, reports: readonly CheckReport[]): CheckReport {
  const all = (of: 'findings' | 'newLeaks' | 'newLegacySites'): readonly Site[] =>
    inOrder(distinct(reports.flatMap((report) => report[of])))
  return {
    ...first,
    findings: all('findings'),
    newLeaks: all('newLeaks'),
    newLegacySites: all('newLegacySites'),
  }
}

function distinct(sites: readonly Site[]): readonly Site[] {
  const seen = new Set<string>()
  for (const { id, file, line } of sites) {
    if (seen.has(id)) throw new RangeError(`${file}:${String(line)} is in more than one of the reports`)
    seen.add(id)
  }
  return sites
}
