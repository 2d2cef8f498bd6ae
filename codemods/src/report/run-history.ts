import type { RunReport, Totals } from '../model/site'
import { countSites } from './run-report'

/** One recorded run: what each package that it looked at had. A line of the history file. */
export interface HistoryEntry {
  /** ISO 8601. */
  readonly at: string
  readonly command: RunReport['command']
  readonly packages: Readonly<Record<string, Totals>>
}

/** What was left and what was done over all packages, after one run. */
export interface BurndownPoint {
  readonly at: string
  /** Sites that still take their connection in an old way. */
  readonly left: number
  readonly leaks: number
  readonly done: number
}

export function toHistoryEntry(report: RunReport, at: Date): HistoryEntry {
  return {
    at: at.toISOString(),
    command: report.command,
    packages: Object.fromEntries(report.packages.map(({ name, sites }) => [name, countSites(sites)])),
  }
}

/** A run that looked at some packages only leaves the others as they were last seen. */
export function burndownOf(history: readonly HistoryEntry[]): readonly BurndownPoint[] {
  const known = new Map<string, Totals>()
  return [...history]
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ at, packages }) => {
      for (const [name, totals] of Object.entries(packages)) known.set(name, totals)
      const sum = (count: (totals: Totals) => number): number =>
        [...known.values()].reduce((total, totals) => total + count(totals), 0)
      return {
        at,
        left: sum(({ rewritable, manual, leak }) => rewritable + manual + leak),
        leaks: sum(({ leak }) => leak),
        done: sum(({ rewritten, already }) => rewritten + already),
      }
    })
}

/** Lines that are not entries (a merge conflict, a cut-off write) are left out: history is a courtesy, not a record. */
export function parseHistory(text: string): readonly HistoryEntry[] {
  return text.split('\n').flatMap((line) => {
    try {
      const entry = JSON.parse(line) as Partial<HistoryEntry> | null
      return typeof entry?.at === 'string' && typeof entry.packages === 'object'
        ? [entry as HistoryEntry]
        : []
    } catch {
      return [] // not a line of ours, see above
    }
  })
}
