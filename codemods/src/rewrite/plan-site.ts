import type { AnalyzedSite, FileAnalysis } from '../analysis/analyze-package'
import type { Bracket } from '../analysis/connection/bracket'
import type { CallSwap } from '../analysis/forms/call-swap'
import type { RewritePlan } from '../analysis/judge/judgement'
import type { ReleasePoint } from '../analysis/connection/release-points'
import { isJavaScript } from '../analysis/judge/judge-site'
import { canBecomeCallback } from '../analysis/scope/completions'
import { singleStatementOf } from '../analysis/forms/single-statement'
import { transactionOf } from '../analysis/forms/transaction-bracket'
import { assertNever } from '../model/assert-never'
import type { ReasonCode, SiteLabel } from '../model/site'
import type { RewriteTarget, TargetStyle } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { rewriteAsAcquireRelease } from './acquire-release'
import { rewriteAsAwaitUsing } from './await-using'
import { rewriteAsCallback } from './callback'
import { callEdits } from './discard'
import { rewriteScopeAsAwaitUsing, rewriteScopeAsCallback } from './scope'
import { rewriteChain } from './chain'
import { collides } from './collision'
import { rewriteAsOneShot } from './one-shot'
import { rewriteLate } from './late-acquire'
import { rewriteOwnedChoice } from './owned-choice'
import { isOutOfReach } from './reach'
import { rewriteOnPoolFace } from './pool-face'
import { rewriteScoped } from './scoped'
import { acquireText, serviceCall } from './service-call'
import type { SiteEdits } from './site-edits'
import { rewriteAsTransaction } from './transaction'
import { swapCalls } from './swap-calls'
import { withoutOpen } from './two-step'

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
  if (isOutOfReach(call, analysis, target)) return { kind: 'refused', reason: 'out-of-reach' }
  const fixed: readonly SiteLabel[] = one.site.verdict === 'leak' ? ['fixes-leak'] : []
  const labels = [...fixed, ...(one.site.labels ?? [])]
  const isPlain = isJavaScript(call) && target.style === 'await-using'
  const style: TargetStyle = isPlain ? 'callback' : target.style
  // Told where it is not what was asked for.
  const byCalls = (all: readonly SiteLabel[]): readonly SiteLabel[] => {
    const kept = all.filter((label) => label !== 'call-by-call')
    return target.style === 'acquire-release' ? kept : [...kept, 'call-by-call']
  }
  const asCalls = (releases: readonly ReleasePoint[]): SitePlan => {
    // The service is called in every place where there was a release, and its name must mean it there too.
    if (releases.some((one) => collides(one.call, analysis, target)))
      return { kind: 'refused', reason: 'collision' }
    return edits(
      [
        {
          start: call.getStart(),
          end: call.end,
          text: acquireText('acquireConnection', call, target),
        },
        ...callEdits(releases, target),
      ],
      // The releases stay where they were, and with them the window in front of them.
      byCalls(labels.filter((label) => label !== 'closes-leak-window')),
    )
  }
  const edits = (list: readonly TextEdit[], kept: readonly SiteLabel[] = labels): SitePlan => ({
    kind: 'edits',
    edits: list,
    shifts: [],
    labels: kept,
  })
  const swapped = (swap: CallSwap, kept: readonly SiteLabel[] = labels): SitePlan =>
    swap.releases.some((one) => !one.byMethod && collides(one.call, analysis, target))
      ? { kind: 'refused', reason: 'collision' }
      : edits(swapCalls(swap, call, target), byCalls(kept))
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
    case 'chain':
      return style === 'acquire-release'
        ? { kind: 'refused', reason: 'promise-chain' }
        : edits(rewriteChain(plan.chain, target))
    case 'pool-face':
      return edits(rewriteOnPoolFace(plan.acquire, target))
    case 'two-step': {
      const asBracket = { ...target, oneShot: false, transactions: false }
      const inner = planSite(one, { kind: 'bracket', bracket: plan.bracket }, analysis, asBracket)
      return inner.kind === 'refused' ? inner : { ...inner, ...withoutOpen(inner, plan.open) }
    }
    case 'opened':
      return target.style === 'await-using' && !isJavaScript(call)
        ? moved(rewriteLate(plan.scope, target))
        : { kind: 'refused', reason: 'two-step-handle' }
    case 'choice':
      return target.style === 'await-using' && !isJavaScript(call)
        ? moved(rewriteOwnedChoice(plan.choice, target))
        : swapped(
            plan.swap,
            labels.filter((label) => label !== 'closes-leak-window'),
          )
    case 'late':
      return plan.scope !== undefined && target.style === 'await-using' && !isJavaScript(call)
        ? moved(rewriteLate(plan.scope, target))
        : swapped(plan.swap)
    case 'guard': {
      const { scope, leak } = plan.guard
      const mended: readonly SiteLabel[] = leak === undefined ? labels : ['fixes-leak']
      if (style === 'await-using')
        return { kind: 'edits', ...rewriteScopeAsAwaitUsing(scope, call, target), labels: mended }
      if (style === 'callback' && canBecomeCallback(scope, analysis.checker))
        return { kind: 'edits', ...rewriteScopeAsCallback(scope, target), labels: mended }
      // Without a scope the releases stay in the helpers, and so does the path that they miss.
      return one.site.verdict === 'leak'
        ? { kind: 'refused', reason: 'leaks-on-path' }
        : asCalls(plan.releases)
    }
    case 'calls':
      return asCalls(plan.releases)
    case 'scope':
      switch (style) {
        case 'await-using':
          return moved(rewriteScopeAsAwaitUsing(plan.scope, call, target))
        case 'acquire-release':
          return one.site.verdict === 'leak'
            ? { kind: 'refused', reason: 'leaks-on-path' }
            : asCalls(plan.scope.releases)
        case 'callback':
          return canBecomeCallback(plan.scope, analysis.checker)
            ? moved(rewriteScopeAsCallback(plan.scope, target))
            : { kind: 'refused', reason: 'completion' }
        default:
          return assertNever(style)
      }
    case 'bracket': {
      const shorter = planShorter(one, plan.bracket, analysis, target)
      if (shorter !== undefined) return shorter
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

/** What a person asked for beyond a scope: no lease for one statement, no brackets of one's own around a transaction. */
function planShorter(
  { facts, site }: AnalyzedSite,
  bracket: Bracket,
  analysis: FileAnalysis,
  target: RewriteTarget,
): SitePlan | undefined {
  const { checker } = analysis
  const statement = target.oneShot === true ? singleStatementOf(bracket, facts.uses, checker) : undefined
  // The service is called where the statement is, and its name may mean something else in there.
  if (statement !== undefined && !collides(statement, analysis, target))
    return { kind: 'edits', ...rewriteAsOneShot(bracket, statement, target), labels: ['one-shot'] }
  const transaction = target.transactions === true ? transactionOf(bracket, facts.uses, checker) : undefined
  const edits = transaction && rewriteAsTransaction(bracket, transaction, target)
  if (edits === undefined) return undefined
  return { kind: 'edits', ...edits, labels: [...(site.labels ?? []), 'transaction'] }
}
