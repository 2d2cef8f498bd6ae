import type ts from 'typescript'
import type { ConnectionState } from './connection-state'

/** What is known of the connection's own properties (`connection.inTransaction`), by name. */
export type Flags = ReadonlyMap<string, boolean>

/** One way in which a function that has the connection can be left. */
export interface HelperExit {
  readonly isThrown: boolean
  readonly status: ConnectionState
  readonly flags: Flags
}

/** A call that hands the connection to a function whose code is known. */
export interface HelperCall {
  readonly call: ts.CallExpression | ts.NewExpression
  /** Where its work is done: the `await` around it, or the call itself. */
  readonly doneAt: ts.Node
  /** `.catch(…)` or `.then(…)` stands behind it: however it ends, the function may go on either way. */
  readonly isChained?: true
  /** What it does, by what is known when it is called. */
  run(flags: Flags, truthOf: (argument: ts.Expression) => boolean | undefined): HelperRun
}

export interface HelperRun {
  readonly exits: readonly HelperExit[]
  /** Where its own code uses the connection behind its release, or asks for a mark that nobody has set. */
  readonly lateUse?: ts.Node
  readonly leftover?: ts.Node
}
