import type { WitnessStep } from './witness-step'

/**
 * What couples code through a connection without saying so:
 * - `escape`: the connection leaves the function that took it
 * - `nested-acquire`: another connection is taken while one is held; a pool of one deadlocks
 * - `shared-by-concurrent-awaits`: one connection in several branches of a `Promise.all`
 * - `unawaited-scope`: a scoped call that nobody waits for
 * - `module-state`: a connection kept in a module's variable
 * - `listen`: LISTEN needs a session of its own, which a transaction pooler cannot give
 */
export const hiddenDependencyKinds = [
  'escape',
  'nested-acquire',
  'shared-by-concurrent-awaits',
  'unawaited-scope',
  'module-state',
  'listen',
] as const
export type HiddenDependencyKind = (typeof hiddenDependencyKinds)[number]

/** One hidden dependency, with the positions that show it. Lines and columns count from 1. */
export interface HiddenDependency {
  readonly kind: HiddenDependencyKind
  /** Relative to the root, with forward slashes. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** Id of the site that it belongs to, where it belongs to one. */
  readonly site?: string
  /** One sentence. */
  readonly summary: string
  readonly witness: readonly WitnessStep[]
}
