import type { AnalyzedSite } from '../analysis/analyze-package'
import { refusedSite } from '../model/refused-site'
import { reasonAdvice, type ReasonCode, type Site, type WitnessStep } from '../model/site'

/** The site as it is reported when its rewrite failed an obligation. */
export function refuse({ site }: Pick<AnalyzedSite, 'site'>, reason: ReasonCode, step?: WitnessStep): Site {
  // That nothing mends it here is no other reason than the leak itself, which knows its own better.
  return site.verdict === 'leak' && reason === 'leaks-on-path'
    ? site
    : refusedSite(site, reason, reasonAdvice[reason], step)
}
