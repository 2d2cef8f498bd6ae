/** What `cleanup` took away and what it left, for reports. */

/** What a removal was of, in the order of the report. */
export const cleanupKinds = [
  'flag',
  'ferry-wiring',
  'facade-call',
  'unit-of-work',
  'legacy-class',
  'legacy-method',
  'pool',
  'duplicate-pool',
  'declaration',
  'member',
  'parameter',
  'import',
  'file',
  'dependency',
] as const
export type CleanupKind = (typeof cleanupKinds)[number]

/** Why something of the ferry stays, with what to do about it: the whole vocabulary. */
export const cleanupAdvice = {
  'stage-too-early':
    'This component cannot have been at 100 % yet. Cross over first, set its stage to complete, then clean up.',
  'ferry-used':
    'The ferry is used here in a way that has no equal on the service. Remove this use, then run cleanup again.',
  'facade-used':
    'The facade is still needed here. Move this to the connection service by hand, then run cleanup again.',
  'keyed-acquire': 'The connection is shared by key. Pass the connection to those who share it instead.',
  'not-migrated':
    'This file has call sites that can be rewritten. Run `pgferry migrate` for its package first.',
  'no-connections':
    'The configuration does not say how this package reaches the service. Add `connections` to it.',
  'legacy-class-used': 'A class of the old connection layer is still used here. Remove this use.',
  'public-interface':
    'A published package exports this, so users elsewhere may need it. Remove it in a major version, by hand.',
  'other-package': 'Code of a package that was not named uses this. Name that package too.',
  'flag-assigned': 'The flag is set here. Remove the assignment by hand.',
  'flag-unclear': 'What this makes of the flag is not clear. Write the branch that stays by hand.',
  'type-error': 'Without it this would no longer type-check. See the message.',
} as const
export type CleanupReason = keyof typeof cleanupAdvice

/** Lines and columns count from 1, in the file as it was before. */
export interface CleanupPlace {
  /** Relative to the root, with forward slashes. */
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface CleanupRemoval extends CleanupPlace {
  readonly kind: CleanupKind
  /** What was removed or replaced, in a few words. */
  readonly what: string
}

export interface CleanupRefusal extends CleanupPlace {
  readonly reason: CleanupReason
  readonly what: string
  readonly advice: string
}

export interface CleanupPackageReport {
  readonly name: string
  /** Relative to the root. */
  readonly path: string
  readonly edited: readonly string[]
  readonly deleted: readonly string[]
  readonly removals: readonly CleanupRemoval[]
  readonly refusals: readonly CleanupRefusal[]
}

/** The whole `--json` of `cleanup`. */
export interface CleanupReport {
  readonly schemaVersion: 1
  readonly command: 'cleanup'
  readonly root: string
  readonly packages: readonly CleanupPackageReport[]
  readonly totals: { readonly edited: number; readonly deleted: number; readonly refused: number }
}
