import type ts from 'typescript'

/**
 * Control flow of one function, with the exceptional edges. `finally` blocks appear once for every way of entering them
 * (each continuation: fall-through, return, throw, break, continue), so that a path leaves as it came.
 */
export interface FlowNode {
  readonly id: number
  readonly kind: 'eval' | 'branch' | 'dispose' | 'exit-return' | 'exit-throw' | 'join'
  /** The expression or statement that this node stands for; absent in exits and joins. */
  readonly ast?: ts.Node
  /** Of a declaration whose value is a test (`const isOurs = !given`): what the test said on this path. */
  readonly truth?: boolean
  /** `eval`: where control goes; `branch`: where it goes when the condition holds. */
  next?: FlowNode
  /** `branch` only: where control goes when the condition does not hold. */
  readonly otherwise?: FlowNode
  /** Where control goes when the operation throws; absent when it cannot. */
  readonly thrown?: FlowNode
}

export interface FlowGraph {
  readonly entry: FlowNode
  readonly exitReturn: FlowNode
  readonly exitThrow: FlowNode
  readonly size: number
}

/** Where the ways of leaving a statement lead. */
export interface FlowContext {
  readonly make: (node: Omit<FlowNode, 'id'>) => FlowNode
  readonly onReturn: FlowNode
  readonly onThrow: FlowNode
  readonly breaks: ReadonlyMap<string, FlowNode>
  readonly continues: ReadonlyMap<string, FlowNode>
  /** Names of identifiers whose every use is a node of its own. */
  readonly tracked: ReadonlySet<string>
}
