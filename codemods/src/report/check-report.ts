import type { Site, Verdict } from '../model/site'
import type { Paint } from './paint'
import { plainPaint } from './paint'
import { renderFindings } from './render-sites'
import { countOf } from './render-table'

/** The `--json` of `check`. */
export interface CheckReport {
  readonly schemaVersion: 1
  readonly command: 'check'
  readonly root: string
  /** Packages with stage `migrated` that were looked at. */
  readonly checked: readonly string[]
  /** Packages with stage `legacy`, which may hold legacy sites. */
  readonly notYet: readonly string[]
  /** Legacy call sites in checked packages, leaks included. */
  readonly findings: readonly Site[]
}

const legacyVerdicts: readonly Verdict[] = ['rewritable', 'manual', 'leak']

/** Whether the site still takes its connection the old way. */
export function isLegacySite(site: Site): boolean {
  return legacyVerdicts.includes(site.verdict)
}

export function renderCheckReport(report: CheckReport, paint: Paint = plainPaint): string {
  const leaks = report.findings.filter((site) => site.verdict === 'leak')
  const others = report.findings.filter((site) => site.verdict !== 'leak')
  const lines = [
    ...renderFindings(paint.red('Leaks in migrated packages'), leaks, paint),
    ...renderFindings(paint.red('Legacy call sites in migrated packages'), others, paint),
    '',
    summaryOf(report),
  ]
  return `${lines.join('\n').trimStart()}\n`
}

function summaryOf({ checked, notYet, findings }: CheckReport): string {
  if (checked.length === 0) return 'No package has stage "migrated" yet, so there is nothing to hold.'
  const rest =
    notYet.length === 0
      ? ''
      : ` ${countOf(notYet.length, 'package')} still ${notYet.length === 1 ? 'has' : 'have'} stage "legacy".`
  const found = findings.length === 0 ? 'no legacy call site' : countOf(findings.length, 'legacy call site')
  return `${countOf(checked.length, 'migrated package')}: ${found}.${rest}`
}
