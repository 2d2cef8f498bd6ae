/**
 * How one legacy API takes, gives back and scopes connections. Plain data: a team declares its own in
 * `pgferry.config.ts` with the same fields that the built-in dialects use.
 */
export interface Dialect {
  readonly id: string
  /** Who the receiver of the calls must be. Types decide; a method name alone never does. */
  readonly receiver: ReceiverRule
  readonly acquire: readonly AcquireRule[]
  readonly release: readonly ReleaseRule[]
  readonly scoped: readonly ScopedRule[]
}

/**
 * The receiver's declared type (class, interface, alias, constructor call or annotation; subclasses count) matches when it
 * is one of `types` (by name, and by module when `module` is given), or when it declares every one of `members`.
 */
export interface ReceiverRule {
  readonly types?: readonly { readonly name: string; readonly module?: string }[]
  readonly members?: readonly string[]
}

export interface AcquireRule {
  readonly method: string
  /** How many arguments an acquire has at most; more means another overload (default 0). */
  readonly maxArguments?: number
  /** `open`: the method on the handle that really takes the connection (two-step handles). */
  readonly open?: string
  /** Index of an argument that names a shared connection (psycopg2 keys). */
  readonly keyArgument?: number
  /** The callback form: index of the `(error, client, done)` callback among the arguments. */
  readonly callbackArgument?: number
}

export type ReleaseRule =
  /** `pools.putconn(conn)`: a method of the receiver, with the connection as its argument. */
  | {
      readonly on: 'receiver'
      readonly method: string
      readonly connectionArgument: number
      readonly discardArgument?: number
    }
  /** `client.release(error?)`: a method of the connection; an argument means discard. */
  | { readonly on: 'connection'; readonly method: string; readonly errorArgument?: number }

/** `manager.withConnection(async (conn) => …)`. */
export interface ScopedRule {
  readonly method: string
  readonly callbackArgument: number
}
