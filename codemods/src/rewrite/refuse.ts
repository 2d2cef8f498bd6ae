import type { AnalyzedSite } from '../analysis/analyze-package'
import { reasonAdvice, type ReasonCode, type Site } from '../model/site'

/** The site as it is reported when its rewrite failed an obligation. A leak that cannot be mended stays a leak. */
export function refuse({ site }: AnalyzedSite, reason: ReasonCode): Site {
  const { line, column } = site
  if (site.verdict === 'leak') return site
  return {
    ...site,
    verdict: 'manual',
    reason,
    advice: reasonAdvice[reason],
    witness: site.witness ?? [{ line, column, note: 'the connection is taken here' }],
  }
}
