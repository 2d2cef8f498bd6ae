import type { ts } from 'ts-morph'
import type { AcquireRule, Dialect, ScopedRule } from '../model/dialect'

/** A call that takes a connection, recognised by a dialect. */
export type AcquireCall = {
  readonly dialect: Dialect
  readonly call: ts.CallExpression
  /** What stands left of the dot. */
  readonly receiver: ts.Expression
  readonly method: string
} & (
  | { readonly kind: 'acquire'; readonly rule: AcquireRule }
  | { readonly kind: 'scoped'; readonly rule: ScopedRule }
)

/** The dialect of the service itself: its sites need no rewrite. */
export const serviceDialectId = 'connection-service'
