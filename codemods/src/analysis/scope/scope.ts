import type ts from 'typescript'
import type { StatementList } from '../connection/bracket'
import type { ReleasePoint } from '../connection/release-points'

/**
 * Where the scope of a connection begins and ends when the releases around it are not one neat finally block: `await using` stands at the
 * acquire, each release goes away, and the block ends where they were.
 */
export interface ScopePlan {
  readonly statement: ts.VariableStatement
  readonly declaration: ts.VariableDeclaration
  readonly name: ts.Identifier
  readonly block: StatementList
  /** The statements of the scope, the acquire first. */
  readonly region: readonly ts.Statement[]
  /** Statements behind the region in the same list. */
  readonly following: readonly ts.Statement[]
  /** Whether the region needs a block of its own, or ends where its list does. */
  readonly wraps: boolean
  /** Declarations of the region that the code behind its block needs. */
  readonly hoists: readonly Hoist[]
  readonly releases: readonly ReleasePoint[]
  /** Statements about variables that only told whether the connection was released. */
  readonly flags: readonly ts.Statement[]
}

/**
 * A declaration that the code behind the block needs. `moved`: its value asks for nothing, so it moves in front of the block as it is;
 * `assigned`: the variable is declared there, and gets its value where it was declared.
 */
export type Hoist =
  | { readonly kind: 'moved'; readonly statement: ts.VariableStatement }
  | {
      readonly kind: 'assigned'
      readonly statement: ts.VariableStatement
      readonly declaration: ts.VariableDeclaration
      readonly names: readonly string[]
    }
