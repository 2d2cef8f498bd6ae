import type { ReasonCode, Site } from './site'
import type { WitnessStep } from './witness-step'

/** A site that is not rewritten after all. A leak that cannot be mended stays a leak, with the reason why it cannot. */
export function refusedSite(site: Site, reason: ReasonCode, advice: string, step?: WitnessStep): Site {
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
