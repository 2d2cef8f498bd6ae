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
  /** Functions that release what they are given and whose code cannot be read. */
  readonly releasing?: readonly ReleasingFunction[]
  /** What the calls give. Default: a client of node-postgres. */
  readonly handle?: HandleRule
  /** What shows the API where no type does: code without annotations, dependencies that are not installed. */
  readonly evidence?: readonly EvidenceRule[]
}

/** A type by name, and by module when one is given. `createPool()` is what the exported function of that name returns. */
export interface TypeName {
  readonly name: string
  readonly module?: string
}

/**
 * The receiver's declared type (class, interface, alias, constructor call or annotation; subclasses count) matches when it
 * is one of `types`, or when it declares every one of `members`. A module whose functions are called by their bare names is
 * the receiver of these calls: `{ name: '*', module: '@acme/db' }`, or its exports as `members`.
 */
export interface ReceiverRule {
  readonly types?: readonly TypeName[]
  readonly members?: readonly string[]
}

export interface AcquireRule {
  readonly method: string
  /** How many arguments an acquire has at most; more means another overload (default 0). */
  readonly maxArguments?: number
  /** The call gives the handle itself and no promise of one. */
  readonly isSync?: boolean
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
      /** It closes the connection instead of keeping it for the next. */
      readonly isDiscard?: boolean
    }
  /** `client.release(error?)`: a method of the connection; an argument means discard. */
  | {
      readonly on: 'connection'
      readonly method: string
      readonly errorArgument?: number
      readonly isDiscard?: boolean
    }

/**
 * `commit(connection)` of a module whose code cannot be read: when it is done, it has called `connection.release()`; when it throws, it has
 * not. In a configuration it is a release rule `on: 'function'`.
 */
export interface ReleasingFunction {
  readonly module: string
  /** As the module exports them. */
  readonly names: readonly string[]
  /** Default 0. */
  readonly connectionArgument?: number
  /** It is done when it returns, and need not be awaited. */
  readonly isSync?: boolean
}

/** `manager.withConnection(async (conn) => …)`. */
export interface ScopedRule {
  readonly method: string
  readonly callbackArgument: number
}

/** What the acquired object is, and whether the service's connection can stand in its place. */
export interface HandleRule {
  /**
   * `node-postgres`: a client of `pg`. `driver`: a client of whatever driver the receiver was made for, so of `pg` when the
   * package knows no other. `made`: what the receiver's factory makes, a client of `pg` or anything else. `own`: an object of the API's own.
   */
  readonly kind: 'node-postgres' | 'driver' | 'made' | 'own'
  /** A method of the package that returns one of these gives such a handle, whatever the method is called. */
  readonly types?: readonly TypeName[]
}

/** One way in which code shows the API without types: all of it must be there. */
export interface EvidenceRule {
  /** One of these modules is a dependency of the package, or imported by one of its files. */
  readonly modules?: readonly string[]
  /** One of these is asked of the acquired object. */
  readonly uses?: readonly string[]
  /** And one of these too. */
  readonly alsoUses?: readonly string[]
  /** Parameters that a callback has at least, when the connection comes by callback. */
  readonly callbackParameters?: number
}
