import type { AnalyzedSite } from '../analysis/analyze-package'
import { reasonAdvice, type ReasonCode, type Site } from '../model/site'

/** The site as it is reported when its rewrite failed an obligation. */
export function refuse({ site }: AnalyzedSite, reason: ReasonCode): Site {
  const { line, column } = site
  return {
    ...site,
    verdict: 'manual',
    reason,
    advice: reasonAdvice[reason],
    witness: site.witness ?? [{ line, column, note: 'the connection is taken here' }],
  }
}
