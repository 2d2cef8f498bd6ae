import type { Site, Verdict } from '../model/site'
import type { StaleFlag } from '../model/stale-flag'
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
  /** Leaks that the baseline does not know, in whatever package it knows. */
  readonly newLeaks: readonly Site[]
  /** Legacy call sites that the baseline does not know, in packages with stage `legacy`. */
  readonly newLegacySites: readonly Site[]
  /** Flag checks in packages with stage `complete`. */
  readonly staleFlags: readonly StaleFlag[]
}

const legacyVerdicts: readonly Verdict[] = ['rewritable', 'manual', 'leak']

/** Whether the site still takes its connection the old way. */
export function isLegacySite(site: Site): boolean {
  return legacyVerdicts.includes(site.verdict)
}

export function hasFindings({ findings, newLeaks, newLegacySites, staleFlags }: CheckReport): boolean {
  return findings.length + newLeaks.length + newLegacySites.length + staleFlags.length > 0
}

export function renderCheckReport(report: CheckReport, paint: Paint = plainPaint): string {
  const { findings, newLeaks, newLegacySites } = report
  const leaks = findings.filter((site) => site.verdict === 'leak')
  const others = findings.filter((site) => site.verdict !== 'leak')
  const lines = [
    ...renderFindings(paint.red('Leaks in migrated packages'), leaks, paint),
    ...renderFindings(paint.red('Legacy call sites in migrated packages'), others, paint),
    ...renderFindings(paint.red('Leaks that the baseline does not know'), newLeaks, paint),
    ...renderFindings(paint.red('Legacy call sites that the baseline does not know'), newLegacySites, paint),
    ...renderFlags(report.staleFlags, paint),
    '',
    summaryOf(report),
  ]
  return `${lines.join('\n').trimStart()}\n`
}

function renderFlags(flags: readonly StaleFlag[], paint: Paint): string[] {
  if (flags.length === 0) return []
  return [
    '',
    paint.bold(
      `${paint.red('Flag checks in complete packages')} (${String(flags.length)}); \`pgferry cleanup\` removes them`,
    ),
    ...flags.map(({ file, line, column, flag }) => `  ${file}:${String(line)}:${String(column)}  ${flag}`),
  ]
}

function summaryOf({ checked, notYet, findings, newLeaks, newLegacySites, staleFlags }: CheckReport): string {
  const beyond = [
    ...(newLeaks.length === 0 ? [] : [countOf(newLeaks.length, 'new leak')]),
    ...(newLegacySites.length === 0 ? [] : [countOf(newLegacySites.length, 'new legacy call site')]),
  ]
  const stale = staleFlags.length === 0 ? '' : ` ${countOf(staleFlags.length, 'stale flag check')}.`
  const added = beyond.length === 0 ? '' : ` Beyond the baseline: ${beyond.join(' and ')}.`
  if (checked.length === 0)
    return `No package has stage "migrated" yet${added === '' ? ', so there is nothing to hold.' : `.${added}`}`
  const rest =
    notYet.length === 0
      ? ''
      : ` ${countOf(notYet.length, 'package')} still ${notYet.length === 1 ? 'has' : 'have'} stage "legacy".`
  const found = findings.length === 0 ? 'no legacy call site' : countOf(findings.length, 'legacy call site')
  return `${countOf(checked.length, 'migrated package')}: ${found}.${rest}${added}${stale}`
}
