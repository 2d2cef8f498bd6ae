import type ts from 'typescript'
import type { FlowNode } from './flow-node'
import type { ConnectionState } from './connection-state'
import type { PathState } from './typestate-model'

/** One step of one path, and the step before it. */
export interface Step {
  readonly node: FlowNode
  readonly state: PathState
  readonly from?: Step
  /** Set when the previous node threw to get here. */
  readonly thrownAt?: ts.Node
}

/** The nodes on the way to a step, and those that threw on it while the connection was held. */
export function wayTo(step: Step): { readonly path: ts.Node[]; readonly throws: ts.Node[] } {
  const path: ts.Node[] = []
  const throws: ts.Node[] = []
  for (let current: Step | undefined = step; current !== undefined; current = current.from) {
    if (current.node.ast !== undefined) path.unshift(current.node.ast)
    // The last exception is the one that left the function.
    if (current.state.status === 'held' && current.thrownAt !== undefined) throws.unshift(current.thrownAt)
  }
  return { path, throws }
}

/** What becomes of a connection whose variable gets another value. */
export function reassigned(status: ConnectionState): ConnectionState {
  return status === 'held' ? 'lost' : status === 'released' ? 'unheld' : status
}
