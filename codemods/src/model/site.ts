/** What a report says of one place that takes a connection. */

import type { HiddenDependency } from './hidden-dependency'
import type { WitnessStep } from './witness-step'

export type Verdict = 'rewritable' | 'rewritten' | 'manual' | 'leak' | 'already'

/** Labels for people; computed after the analysis, never the reason for a decision. */
export const shapes = [
  'try-finally',
  'try-catch-finally',
  'finally-mixed',
  'gap',
  'let-then-try',
  'owned-conditional',
  'finally-extra',
  'leaky-linear',
  'leaky-try-only',
  'leaky-catch-only',
  'leaky-other',
  'crosses-function',
  'callback',
  'chained',
  'scoped',
] as const
export type Shape = (typeof shapes)[number]

/** Why a site was left alone: the whole vocabulary. Each code has one line of advice in {@link reasonAdvice}. */
export const reasonAdvice = {
  'escapes-to-return':
    'The function hands the connection to its caller. Return the result instead, or keep it with acquireConnection() in an owner that disposes it.',
  'escapes-to-field':
    'An object keeps the connection. Use acquireConnection() and release it in that object’s own dispose.',
  'escapes-to-container':
    'A collection keeps the connection. Use acquireConnection() and release it where it is removed.',
  'escapes-to-module': 'Module state keeps the connection. Give it one owner that acquires and releases it.',
  'escapes-to-closure':
    'A function that outlives this scope keeps the connection. Take the connection inside that function.',
  'escapes-to-callee':
    'A called function may keep or release the connection. Make it borrow only, or let it take its own.',
  'release-in-helper': 'Another function releases the connection. Move the release beside the acquire.',
  'catch-uses':
    'A catch or finally block uses the connection after the point where its scope would end. Declare it outside the try.',
  'held-longer':
    'Code after the release would run while the connection is still held. Put the connection’s use in a block of its own.',
  'release-order': 'The finally block does more than release, and its order matters. Split it.',
  'release-error': 'The release can fail or carries an error. Use discard(error) on the scoped connection.',
  'double-release': 'A path releases the connection twice. Release it once.',
  'use-after-release': 'A path uses the connection after its release. Move the use before it.',
  'conditional-acquire':
    'The connection is taken on some paths only. Split the function, or take it where it is needed.',
  'two-step-handle':
    'The getter returns a handle that is opened later. Take the connection where it is opened.',
  reassigned: 'The variable is assigned more than once. Give each connection a variable of its own.',
  'pattern-binding': 'The connection is taken apart by destructuring. Bind it to one name.',
  completion:
    'The rewrite would change what the function returns, throws or yields. Restructure the function first.',
  'out-of-reach':
    'The configured `connections` expression is not known at this place. Pass the service to it, or configure an import.',
  collision: 'A name in the block would collide. Rename one of them.',
  comments: 'A comment could not be kept beside its code. Move the comment.',
  'leaks-on-throw':
    'An exception between acquire and release leaks the connection. Put the release in a finally block.',
  'leaks-on-path':
    'A path leaves the function without releasing the connection. Release it in a finally block.',
  'never-released': 'Nothing in this function releases the connection.',
  listens:
    'The connection waits for notifications and is held on purpose. Give it one owner that acquires it with acquireConnection() and releases it at shutdown.',
  'callback-style': 'The connection comes by callback. Use the promise form.',
  'promise-chain': 'The connection lives in a promise chain. Use await.',
  'not-awaited': 'The scoped call is neither awaited nor returned: it may outlive its caller.',
  'keyed-acquire':
    'The connection is shared by key. Only one owner may release it: pass the connection instead.',
  'unsupported-arguments':
    'The acquire takes arguments the service has no equal for. Check what they do and rewrite by hand.',
  'receiver-effect':
    'Getting the pool does something, or chooses or makes a pool, and the rewrite would take that away. Decide first which pool it is.',
  'foreign-handle':
    'The acquired object has an API of its own, which the service’s connection does not have. Say the same in SQL with connection.query(), by hand.',
  'unsupported-shape': 'This shape is not rewritten yet. Rewrite by hand, or leave it on the facade.',
  'type-error': 'After the rewrite this file would no longer type-check. See the message.',
  'no-binding': 'The connection is used without a variable of its own. Bind it to a name.',
} as const
export type ReasonCode = keyof typeof reasonAdvice

export type { WitnessStep }

/** One place that takes a connection. Lines and columns count from 1, columns in UTF-16 units. */
export interface Site {
  /** Stable while the site stays: file, enclosing function, dialect, api and ordinal hashed; not the line. */
  readonly id: string
  /** Relative to the root, with forward slashes. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** Id of the dialect that recognised it. */
  readonly dialect: string
  /** Acquire and release by name, such as `connect/release`. */
  readonly api: string
  readonly shape: Shape
  readonly verdict: Verdict
  /** Always there for `manual` and `leak`. */
  readonly reason?: ReasonCode
  readonly advice?: string
  readonly witness?: readonly WitnessStep[]
  /** What a person should know of a rewrite that is otherwise equivalent. */
  readonly labels?: readonly SiteLabel[]
}

/**
 * `closes-leak-window`: the old code lost the connection when something threw between acquire and try, or in the finally block before
 * the release. `fixes-leak`: it lost the
 * connection on a path that is shown, and now gives it back. `one-shot`, `transaction`: written by another method of the service.
 * `call-by-call`: no scope can say it, so the service takes and gives back in the very places of the old calls.
 */
export type SiteLabel =
  | 'closes-leak-window'
  | 'fixes-leak'
  | 'one-shot'
  | 'transaction'
  | 'call-by-call'
  | 'nested-acquire'
  | 'shared-by-concurrent-awaits'

export interface PackageReport {
  readonly name: string
  /** Relative to the root. */
  readonly path: string
  /** Source files looked at (not only those with hits). */
  readonly files: number
  readonly sites: readonly Site[]
  readonly hiddenDependencies?: readonly HiddenDependency[]
}

export interface Totals {
  readonly sites: number
  readonly rewritable: number
  readonly rewritten: number
  readonly manual: number
  readonly leak: number
  readonly already: number
}

/** The whole `--json` of `scan` and `migrate`. */
export interface RunReport {
  readonly schemaVersion: 1
  readonly command: 'scan' | 'migrate'
  readonly root: string
  readonly packages: readonly PackageReport[]
  readonly totals: Totals
}
