import { stageBounds, type Side, type Stage } from '../catalog/side'
import { bucketCount } from './unit-bucket'

/** Why a component's units go where they go. */
export type SideReason =
  /** A kill switch of this process. */
  | 'forced'
  /** The master switch of the flag source is off. */
  | 'master-off'
  /** The source knows no share for the component: the safe side of its stage. */
  | 'flag-lost'
  | 'share'

export interface ShareInput {
  readonly stage: Stage
  /** Share of units on the service side, 0 to 1; `undefined` when the flag is lost or never was. */
  readonly share: number | undefined
  /** The master switch; only `false` counts. */
  readonly enabled: boolean | undefined
  readonly isForced: boolean
}

export interface SideInput extends ShareInput {
  /** The unit's bucket, 0 to 9999. */
  readonly bucket: number
}

/** Units whose bucket is below the threshold are on the service side. */
export interface ComponentRule {
  /** 0 to 10000. */
  readonly threshold: number
  readonly reason: SideReason
}

export interface SideDecision {
  readonly side: Side
  readonly reason: SideReason
}

/** Where a unit of work is served from, and why. Pure: same inputs, same answer. */
export function decideSide(input: SideInput): SideDecision {
  const { threshold, reason } = compileRule(input)
  return { side: input.bucket < threshold ? 'service' : 'legacy', reason }
}

/** Everything of the decision that does not depend on the unit, worked out once per change. */
export function compileRule({ stage, share, enabled, isForced }: ShareInput): ComponentRule {
  if (isForced) return { threshold: 0, reason: 'forced' }
  if (enabled === false) return { threshold: toThreshold(clampToStage(0, stage)), reason: 'master-off' }
  // A source of the user's own may answer anything.
  if (typeof share !== 'number' || Number.isNaN(share)) {
    return { threshold: toThreshold(safeShare(stage)), reason: 'flag-lost' }
  }
  return { threshold: toThreshold(clampToStage(share, stage)), reason: 'share' }
}

/** Before `complete` a lost flag means legacy; after it there is no legacy side to go back to. */
function safeShare(stage: Stage): number {
  return stage === 'complete' ? 1 : 0
}

function clampToStage(share: number, stage: Stage): number {
  const { floor, ceiling } = stageBounds[stage]
  return Math.min(ceiling, Math.max(floor, share))
}

function toThreshold(share: number): number {
  return Math.round(share * bucketCount)
}
