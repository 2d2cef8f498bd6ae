import type { AnalyzedSite, FileAnalysis } from '../analysis/analyze-package'
import type { RewritePlan } from '../analysis/judgement'
import { isJavaScript } from '../analysis/judge-site'
import { canBecomeCallback } from '../analysis/completions'
import { assertNever } from '../model/assert-never'
import type { ReasonCode, SiteLabel } from '../model/site'
import type { RewriteTarget, TargetStyle } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { rewriteAsAcquireRelease } from './acquire-release'
import { rewriteAsAwaitUsing } from './await-using'
import { rewriteAsCallback } from './callback'
import { collides } from './collision'
import { rewriteScoped } from './scoped'
import { serviceCall } from './service-call'
import type { SiteEdits } from './site-edits'

export type SitePlan =
  | (SiteEdits & { readonly kind: 'edits'; readonly labels: readonly SiteLabel[] })
  | { readonly kind: 'refused'; readonly reason: ReasonCode }

/** The edits of one site in the wanted style, or the obligation that this style cannot meet. */
export function planSite(
  one: AnalyzedSite,
  plan: RewritePlan,
  analysis: FileAnalysis,
  target: RewriteTarget,
): SitePlan {
  const { call } = one.facts.acquire
  if (collides(call, analysis, target)) return { kind: 'refused', reason: 'collision' }
  const labels = one.site.labels ?? []
  const edits = (list: readonly TextEdit[], kept = labels): SitePlan => ({
    kind: 'edits',
    edits: list,
    shifts: [],
    labels: kept,
  })
  const moved = (result: SiteEdits): SitePlan => ({ kind: 'edits', ...result, labels })
  switch (plan.kind) {
    case 'scoped':
      return edits(rewriteScoped(plan.acquire, target))
    case 'using':
      return edits([
        {
          start: call.getStart(),
          end: call.end,
          text: serviceCall('connection', target, analysis.sourceFile),
        },
      ])
    case 'bracket': {
      const style: TargetStyle = isJavaScript(call) ? 'callback' : target.style
      switch (style) {
        case 'await-using':
          return moved(rewriteAsAwaitUsing(plan.bracket, call, target))
        case 'acquire-release':
          // The release stays where it was, and with it the window before the try.
          return edits(
            rewriteAsAcquireRelease(plan.bracket, call, target),
            labels.filter((label) => label !== 'closes-leak-window'),
          )
        case 'callback':
          return canBecomeCallback(plan.bracket, analysis.checker)
            ? moved(rewriteAsCallback(plan.bracket, target))
            : { kind: 'refused', reason: 'completion' }
        default:
          return assertNever(style)
      }
    }
    default:
      return assertNever(plan)
  }
}
