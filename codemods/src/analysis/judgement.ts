import type { ts } from 'ts-morph'
import type { ReasonCode, Shape, SiteLabel, Verdict, WitnessStep } from '../model/site'
import type { AcquireCall } from './acquire-call'
import type { Bracket } from './bracket'

/** What a rewriter needs to know of a site that may be rewritten. */
export type RewritePlan =
  | { readonly kind: 'bracket'; readonly bracket: Bracket }
  /** The callback is the block already. */
  | { readonly kind: 'scoped'; readonly acquire: AcquireCall }
  /** `await using` on the old API: only the call changes. */
  | { readonly kind: 'using'; readonly call: ts.CallExpression }

/** The decision about one site: what it is, may it be rewritten, and if not, why. */
export interface Judgement {
  readonly verdict: Verdict
  readonly shape: Shape
  readonly reason?: ReasonCode
  readonly witness?: readonly WitnessStep[]
  readonly labels?: readonly SiteLabel[]
  readonly plan?: RewritePlan
}
