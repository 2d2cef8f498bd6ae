import type { AnalyzedSite } from '../analysis/analyze-package'
import { reasonAdvice, type ReasonCode, type Site, type WitnessStep } from '../model/site'

/** The site as it is reported when its rewrite failed an obligation. */
export function refuse({ site }: Pick<AnalyzedSite, 'site'>, reason: ReasonCode, step?: WitnessStep): Site {
  // That nothing mends it here is no other reason than the leak itself, which knows its own better.
  return site.verdict === 'leak' && reason === 'leaks-on-path'
    ? site
    : refused(site, reason, reasonAdvice[reason], step)
}

/** A leak that cannot be mended stays a leak, with the reason why it cannot. */
export function refused(site: Site, reason: ReasonCode, advice: string, step?: WitnessStep): Site {
  const { line, column } = site
  const witness = site.witness ?? [{ line, column, note: 'the connection is taken here' }]
  return {
    ...site,
    verdict: site.verdict === 'leak' ? 'leak' : 'manual',
    reason,
    advice,
    witness: step === undefined ? witness : [...witness, step],
  }
}
