import type ts from 'typescript'
import type { ConnectionState } from './connection-state'
import type { ConnectionUse } from '../connection/connection-uses'
import type { FlowGraph } from './flow-node'
import type { HelperCall } from './helper'

/** What is known at one point of one path. */
export interface PathState {
  readonly status: ConnectionState
  /** What is known of the truth of plain variables that conditions ask for. */
  readonly facts: ReadonlyMap<ts.Symbol, boolean>
  /** Whether the variable is known to be null or undefined. */
  readonly isNull: boolean
}

/**
 * What a call or a function that is made on a path does to the connection: `releases` for sure when it ends, and perhaps when it
 * throws; `keeps` it; or `may-release`: behind it, nothing is claimed.
 */
export type CallEffect = 'releases' | 'keeps' | 'may-release'

/** One thing that goes wrong on some path, with the nodes of the shortest such path. */
export interface Finding {
  readonly kind:
    | 'held-at-return'
    | 'held-at-throw'
    | 'double-release'
    | 'use-after-release'
    | 'lost'
    | 'held-longer'
    | 'too-complex'
  readonly path: readonly ts.Node[]
  /** The operation whose exception left the function; absent when none was needed. */
  readonly thrownAt?: ts.Node
  /** Every operation whose exception the path went through while the connection was held. */
  readonly throws: readonly ts.Node[]
  /** Where it shows: the second release, the late use. */
  readonly at?: ts.Node
}

export interface TypestateQuery {
  readonly graph: FlowGraph
  /** The node whose completion takes the connection: the `await`, or the call itself. */
  readonly acquiredBy?: ts.Node
  /** Set for a parameter: the connection is held from the beginning. */
  readonly heldFromStart?: true
  /** What is known of variables at the beginning: a callback that got a connection got no error. */
  readonly startFacts?: ReadonlyMap<ts.Symbol, boolean>
  readonly variable?: ts.Symbol
  readonly uses: readonly ConnectionUse[]
  /** Calls and functions that do something with what they are given. */
  readonly effects: ReadonlyMap<ts.Node, CallEffect>
  /** Calls whose functions are known path by path; they take the place of effects. */
  readonly helpers?: readonly HelperCall[]
  /** Properties of the connection that the helpers set to `true` and `false`, and nothing else. */
  readonly flags?: ReadonlySet<string>
  /** `await using` declaration that disposes the connection. */
  readonly usingDeclaration?: ts.Node
  /** Statements at whose end a scope would end: what has an effect in them behind a release is a finding. */
  readonly region?: readonly ts.Statement[]
  /** Calls in the region that may run behind the release all the same. */
  readonly isHarmless?: (ast: ts.Node) => boolean
  readonly checker: ts.TypeChecker
  /** Filled with the releases that some path reaches without a connection. */
  readonly unheldReleases?: Set<ts.Node>
}

/** How a call leaves a connection that was held. */
export const statusAfter: Readonly<Record<CallEffect, ConnectionState>> = {
  releases: 'released',
  keeps: 'escaped',
  'may-release': 'unsure',
}
