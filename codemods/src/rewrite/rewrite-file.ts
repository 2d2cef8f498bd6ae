import type { AnalyzedSite, FileAnalysis } from '../analysis/analyze-package'
import type { Guard } from '../analysis/judge/guard'
import { isJavaScript } from '../analysis/judge/judge-site'
import type { RewritePlan } from '../analysis/judge/judgement'
import type { Site } from '../model/site'
import type { ConnectionsReference, RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { combineEdits, editsOverlap, crossingSites } from './combine-edits'
import { importEdits } from './imports'
import { planSite, type SitePlan } from './plan-site'
import { targetAt } from './reach'
import { refuse } from './refuse'
import type { SiteEdits } from './site-edits'
import { unusedImports } from './unused-imports'
import { findUnproved } from './verify-result'

export interface FileRewrite {
  /** One batch that does not overlap; empty when nothing is to be done. */
  readonly edits: readonly TextEdit[]
  /** Every site of the file, the rewritten ones with that verdict. */
  readonly sites: readonly Site[]
}

export interface RewriteOptions {
  /** Ids of sites to leave alone. */
  readonly skip?: ReadonlySet<string>
}

/**
 * Rewrites what the analysis proved, in one batch of text edits. The result is analysed again with the same machine: a site that does not
 * come back as done is taken out of the batch and reported instead.
 */
export function rewriteFile(
  analysis: FileAnalysis,
  target: RewriteTarget,
  options: RewriteOptions = {},
): FileRewrite {
  const refused = new Map<AnalyzedSite, Site>()
  for (;;) {
    const attempt = attemptRewrite(analysis, target, options, refused)
    const unproved =
      attempt.crossing.length > 0
        ? attempt.crossing
        : findUnproved(analysis, attempt.edits, attempt.rewritten, target)
    if (unproved.length === 0) return { edits: attempt.edits, sites: attempt.sites }
    for (const one of unproved) refused.set(one, refuse(one, 'unsupported-shape'))
  }
}

interface Attempt extends FileRewrite {
  readonly rewritten: readonly AnalyzedSite[]
  /** Sites whose callbacks would not nest. All of them are refused: one alone would be rewritten by the next run only. */
  readonly crossing: readonly AnalyzedSite[]
}

function attemptRewrite(
  analysis: FileAnalysis,
  target: RewriteTarget,
  options: RewriteOptions,
  refused: ReadonlyMap<AnalyzedSite, Site>,
): Attempt {
  const plans: SiteEdits[] = []
  const references: ConnectionsReference[] = []
  const callbacks: { readonly one: AnalyzedSite; readonly plan: SiteEdits }[] = []
  const rewritten: AnalyzedSite[] = []
  const sites = analysis.sites.map((one): Site => {
    const known = refused.get(one)
    if (known !== undefined) return known
    if (options.skip?.has(one.site.id) === true) return one.site
    if (one.plan === undefined) return target.fixLeaks === true ? withObstacle(one) : one.site
    if (one.site.verdict === 'leak' && target.fixLeaks !== true) return one.site
    if (one.plan.kind === 'guard' && mendsLeak(one.plan.guard, target) && target.fixLeaks !== true)
      return one.site
    const siteTarget = targetAt(one.facts.acquire.call, analysis, target)
    const first = planSite(one, one.plan, analysis, siteTarget)
    if (first.kind === 'refused') return refuse(one, first.reason)
    const overlaps = (edits: SiteEdits): boolean => editsOverlap(analysis.sourceFile, [...plans, edits])
    const plan = overlaps(first) ? insteadOf(first, one, one.plan, analysis, siteTarget) : first
    if (plan.kind === 'refused' || overlaps(plan)) return refuse(one, 'unsupported-shape')
    plans.push(plan)
    references.push(siteTarget.connections)
    if (becomesCallback(one, target) && !plan.labels.includes('one-shot')) callbacks.push({ one, plan })
    // Without a lease there is no acquire left to be proved.
    if (!plan.labels.includes('one-shot')) rewritten.push(one)
    // What is done needs no reason; the witness stays, where it shows the leak that went away.
    const { labels: _before, reason: _reason, advice: _advice, ...site } = one.site
    return { ...site, verdict: 'rewritten', ...(plan.labels.length > 0 ? { labels: plan.labels } : {}) }
  })
  if (plans.length === 0) return { edits: [], sites, rewritten, crossing: [] }
  const isCrossing = crossingSites(callbacks.map(({ plan }) => plan))
  const crossing = callbacks.filter((_, index) => isCrossing[index]).map(({ one }) => one)
  const edits = combineEdits(analysis.sourceFile, plans)
  const connections = references.find(({ kind }) => kind === 'import') ?? references[0] ?? target.connections
  const imports = importEdits(analysis, { ...target, connections }, unusedImports(analysis, edits))
  return {
    edits: [...imports, ...edits].sort((a, b) => a.start - b.start || a.end - b.end),
    sites,
    rewritten,
    crossing,
  }
}

/** Whoever asked for leaks to be mended wants to hear why this one is not. */
function withObstacle(one: AnalyzedSite): Site {
  const { site, unmended } = one
  return site.verdict === 'leak' && unmended !== undefined
    ? refuse(one, unmended.reason, unmended.step)
    : site
}

/**
 * Two scopes that would both take a try away: the second of them changes its calls alone. Left as it is, it would be rewritten by the
 * next run, when the first is out of its way.
 */
function insteadOf(
  first: SitePlan,
  one: AnalyzedSite,
  plan: RewritePlan,
  analysis: FileAnalysis,
  target: RewriteTarget,
): SitePlan {
  if (plan.kind !== 'late' && plan.kind !== 'choice') return first
  const calls = planSite(one, plan, analysis, { ...target, style: 'acquire-release' })
  return calls.kind === 'refused' ? calls : { ...calls, labels: [...calls.labels, 'call-by-call'] }
}

/** Whether a path that nobody gives it back on would change. */
function mendsLeak({ leak }: Guard, { style }: RewriteTarget): boolean {
  return leak !== undefined && style !== 'acquire-release'
}

/** Whether a site's block becomes a function: by style, or because plain JavaScript has no other scope. */
function becomesCallback({ plan, facts }: AnalyzedSite, { style }: RewriteTarget): boolean {
  const isBlock = plan?.kind === 'bracket' || plan?.kind === 'scope' || plan?.kind === 'two-step'
  return isBlock && (style === 'callback' || (style === 'await-using' && isJavaScript(facts.acquire.call)))
}
