import type { PackageReport, RunReport, Site, Totals } from '../model/site'

/** The `--json` of `scan` and `migrate`. */
export function createRunReport(
  command: RunReport['command'],
  packages: readonly PackageReport[],
): RunReport {
  return {
    schemaVersion: 1,
    command,
    root: '.',
    packages,
    totals: countSites(packages.flatMap(({ sites }) => sites)),
  }
}

export function countSites(sites: readonly Site[]): Totals {
  const count = (verdict: Site['verdict']): number => sites.filter((site) => site.verdict === verdict).length
  return {
    sites: sites.length,
    rewritable: count('rewritable'),
    rewritten: count('rewritten'),
    manual: count('manual'),
    leak: count('leak'),
    already: count('already'),
  }
}
