import type { FerryRecord, UnitRecord } from '../timeline/records'

/** How hard a component is driven. */
export interface LoadLevel {
  /** Steps begun per second, at most. */
  readonly ratePerSecond: number
  /** Steps under way at once, at most; when that many are, no new one begins. */
  readonly concurrency: number
}

/** What the demo tells a component's process. */
export type Command =
  | { readonly kind: 'load'; readonly level: LoadLevel }
  /** Begin no new step and say `drained` when the last one has ended. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'force'; readonly reason: string }
  | { readonly kind: 'release-force' }
  /** Give everything back, close, say `closed`, exit. */
  | { readonly kind: 'close' }

/** What a component's process tells the demo. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'units'; readonly units: readonly UnitRecord[]; readonly stepsEnded: number }
  | { readonly kind: 'step-failed'; readonly message: string }
  | { readonly kind: 'ferry'; readonly record: FerryRecord }
  | { readonly kind: 'drained' }
  | { readonly kind: 'closed'; readonly legacyLeases: number; readonly serviceLeases: number }
  | { readonly kind: 'broken'; readonly message: string }
