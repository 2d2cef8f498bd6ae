import ts from 'typescript'
import type { FlowGraph, FlowNode } from './flow-node'
import { askedOf, factOf } from './path-facts'

/** Variables whose truth connects two places of a graph; all others are forgotten, or the paths would multiply. */
export function relevantFacts(graph: FlowGraph, checker: ts.TypeChecker): ReadonlySet<ts.Symbol> {
  const places = new Map<ts.Symbol, Set<ts.Node>>()
  const note = (symbol: ts.Symbol | undefined, ast: ts.Node): void => {
    if (symbol !== undefined) places.set(symbol, (places.get(symbol) ?? new Set()).add(ast))
  }
  const visited = new Set<FlowNode>()
  const pending: FlowNode[] = [graph.entry]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (visited.has(node)) continue
    visited.add(node)
    for (const next of [node.next, node.otherwise, node.thrown]) if (next !== undefined) pending.push(next)
    const { ast } = node
    if (ast === undefined) continue
    if (node.kind === 'branch') note(askedOf(ast, checker)?.symbol, ast)
    const target = ts.isBinaryExpression(ast)
      ? ast.left
      : ts.isVariableDeclaration(ast)
        ? ast.name
        : undefined
    if (target !== undefined) note(factOf(target as ts.Expression, checker), ast)
  }
  return new Set([...places].filter(([, asts]) => asts.size > 1).map(([symbol]) => symbol))
}
