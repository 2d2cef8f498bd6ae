import type ts from 'typescript'
import type { ReasonCode, Shape, SiteLabel, Verdict, WitnessStep } from '../../model/site'
import type { AcquireCall } from '../connection/acquire-call'
import type { Bracket } from '../connection/bracket'
import type { CallSwap } from '../forms/call-swap'
import type { Guard } from './guard'
import type { ReleasingChain } from '../connection/releasing-chain'
import type { LateAcquire } from '../forms/late-acquire'
import type { OwnedChoice } from '../forms/owned-choice'
import type { ReleasePoint } from '../connection/release-points'
import type { ScopePlan } from '../scope/scope'

/** What a rewriter needs to know of a site that may be rewritten. */
export type RewritePlan =
  | { readonly kind: 'bracket'; readonly bracket: Bracket }
  /** Releases anywhere: each of them goes away, and a scope ends where they were. */
  | { readonly kind: 'scope'; readonly scope: ScopePlan }
  /** No scope is possible, but the calls can change one by one: for style `acquire-release` alone. */
  | { readonly kind: 'calls'; readonly releases: readonly ReleasePoint[] }
  /** Releases that cannot go away, in other functions or here: the declaration becomes a scope, and all else stays. */
  | { readonly kind: 'guard'; readonly guard: Guard; readonly releases: readonly ReleasePoint[] }
  /** The callback is the block already. */
  | { readonly kind: 'scoped'; readonly acquire: AcquireCall }
  /** `await using` on the old API: only the call changes. */
  | { readonly kind: 'using'; readonly call: ts.CallExpression }
  /** Taken by an assignment: the calls change, or a scope takes the place of the try. */
  | { readonly kind: 'late'; readonly swap: CallSwap; readonly scope?: LateAcquire }
  /** `acquire().then(…)` that gives it back in its `finally`. */
  | { readonly kind: 'chain'; readonly chain: ReleasingChain }
  /** Taken by a callback: the same on the service's pool face. */
  | { readonly kind: 'pool-face'; readonly acquire: AcquireCall }
  /** Taken by `open()`: the statement goes, and the bracket begins at the getter. */
  | { readonly kind: 'two-step'; readonly bracket: Bracket; readonly open: ts.ExpressionStatement }
  /** Taken by `open()` inside the try: the getter goes. */
  | { readonly kind: 'opened'; readonly scope: LateAcquire }
  /** Taken where none was given. */
  | { readonly kind: 'choice'; readonly swap: CallSwap; readonly choice: OwnedChoice }

/** Why a leak stays even where its mending was asked for. */
export interface Unmended {
  readonly reason: ReasonCode
  readonly step: WitnessStep
}

/** The decision about one site: what it is, may it be rewritten, and if not, why. */
export interface Judgement {
  readonly verdict: Verdict
  readonly shape: Shape
  readonly reason?: ReasonCode
  /** Instead of the advice of the reason, where more is known. */
  readonly advice?: string
  readonly witness?: readonly WitnessStep[]
  readonly labels?: readonly SiteLabel[]
  readonly plan?: RewritePlan
  /** Of a leak without a plan, as far as it is known. */
  readonly unmended?: Unmended
}
