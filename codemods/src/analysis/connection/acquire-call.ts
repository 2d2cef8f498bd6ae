import type ts from 'typescript'
import type { AcquireRule, Dialect, ScopedRule } from '../../model/dialect'
import type { FunctionLike } from '../syntax/syntax'

/** A call that takes a connection, recognised by a dialect. */
export type AcquireCall = {
  readonly dialect: Dialect
  readonly call: ts.CallExpression
  /** What stands left of the dot; the function's own name when there is no dot. */
  readonly receiver: ts.Expression
  readonly method: string
  /** The package's own function between this call and the API, when it is not called directly. */
  readonly via?: AcquireWrapper
  /** Of a pool of anything: it is seen to make clients of PostgreSQL. */
  readonly isPostgres?: boolean
} & (
  | { readonly kind: 'acquire'; readonly rule: AcquireRule }
  | { readonly kind: 'scoped'; readonly rule: ScopedRule }
)

/** A function of the package that takes a connection and returns it: its calls are sites like those of the API itself. */
export interface AcquireWrapper {
  /** Absent when only its declared type is known. */
  readonly declaration?: FunctionLike
  /** It does nothing but take the connection: a call of it and the acquire itself are the same. */
  readonly isPlain: boolean
  /** Where it takes the connection from, when its declaration is known. */
  readonly pool?: ts.Expression
  /** The member of a subclass that has its name. */
  readonly overriddenBy?: ts.Node
  /** Its name is one that a dialect asks for: its class offers that API itself. */
  readonly isApi?: true
  /** What it gives where it takes none; absent when it always takes one. */
  readonly otherwise?: OtherwiseGiven
  /** It is told of the connection by a callback, and promises it: alone, or together with its release. */
  readonly promised?: 'alone' | 'with-release'
}

/** Somebody else's connection, the one that it has taken before and kept, or none. */
export type OtherwiseGiven = 'another' | 'the-same' | 'none'

/** The dialect of the service itself: its sites need no rewrite. */
export const serviceDialectId = 'connection-service'
