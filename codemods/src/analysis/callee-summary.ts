import { ts } from 'ts-morph'
import { findUses, type ConnectionUse, type UseQuery } from './connection-uses'
import { buildFlowGraph } from './flow-graph'
import type { FunctionLike } from './syntax'
import { isFunctionWithBody } from './syntax'
import { exitStates } from './typestate'

/**
 * What a called function does with a connection that it gets as an argument. `unknown`: its body is not in the package.
 *
 * Why an unknown callee is taken as a borrower when its caller releases the connection itself: the rewrite leaves the release at the
 * very same point of every path, so whatever the callee does, before and after see it with the connection in the same state. Only
 * where the caller does not release does it matter whether the callee might, and there an unknown callee is reported.
 */
export type CalleeSummary = 'uses' | 'releases' | 'keeps' | 'unknown'

const maxDepth = 5

export function summarizeCallee(
  call: ts.CallExpression | ts.NewExpression,
  index: number,
  query: UseQuery,
  depth = 0,
): CalleeSummary {
  if (depth > maxDepth || index < 0) return 'unknown'
  const callee = calleeOf(call, query.checker)
  const parameter = callee?.parameters[index]
  if (callee?.body === undefined || parameter === undefined || !ts.isIdentifier(parameter.name))
    return 'unknown'
  // Wrapped by an object that the caller holds: the wrapper lives as long as the caller's own variables.
  if (ts.isConstructorDeclaration(callee)) return 'uses'
  const { receiver: _ignored, ...bare } = query
  const anyReceiver: UseQuery = { ...bare, followsChoices: true }
  const uses = findUses(parameter.name, callee, anyReceiver)
  const summary = strongest(uses.map((use) => summaryOfUse(use, anyReceiver, depth)))
  const isByHelper = uses.some(
    (use) => use.kind === 'argument' && summaryOfUse(use, anyReceiver, depth) === 'releases',
  )
  if (isByHelper) return summary
  return summary === 'releases' && !releasesGiven(callee, parameter.name, uses, query.checker)
    ? 'uses'
    : summary
}

/** Whether a release in the body is of the given connection on any path: `if (!given) release(mine)` is not. */
function releasesGiven(
  callee: FunctionLike,
  name: ts.Identifier,
  uses: readonly ConnectionUse[],
  checker: ts.TypeChecker,
): boolean {
  if (
    callee.body === undefined ||
    uses.some((use) => (use.kind === 'release' && use.isNested) || use.kind === 'escape')
  )
    return true
  const variable = checker.getSymbolAtLocation(name)
  const graph = buildFlowGraph(callee.body, new Set([name.text]))
  return exitStates({
    graph,
    ...(variable === undefined ? {} : { variable }),
    uses,
    effects: new Map(),
    checker,
  }).has('released')
}

function summaryOfUse(use: ConnectionUse, query: UseQuery, depth: number): CalleeSummary {
  switch (use.kind) {
    case 'release':
      return 'releases'
    case 'escape':
      return use.reason === 'release-in-helper'
        ? 'releases'
        : use.reason === 'escapes-to-return'
          ? 'uses'
          : 'keeps'
    case 'argument':
      return summarizeCallee(use.call, use.index, query, depth + 1)
    default:
      return 'uses'
  }
}

function strongest(summaries: readonly CalleeSummary[]): CalleeSummary {
  const order: readonly CalleeSummary[] = ['releases', 'keeps', 'unknown']
  return order.find((summary) => summaries.includes(summary)) ?? 'uses'
}

function calleeOf(
  call: ts.CallExpression | ts.NewExpression,
  checker: ts.TypeChecker,
): FunctionLike | undefined {
  const { expression } = call
  if (ts.isPropertyAccessExpression(expression) && expression.expression.kind === ts.SyntaxKind.ThisKeyword) {
    const container = ts.findAncestor(call, ts.isClassLike)
    const member = container?.members.find((one) => one.name?.getText() === expression.name.text)
    return member === undefined ? undefined : functionOf(member)
  }
  if (!ts.isIdentifier(expression)) return undefined
  const symbol = checker.getSymbolAtLocation(expression)
  if (symbol === undefined) return undefined
  const target = (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol
  const declaration = target.declarations?.find((one) => functionOf(one) !== undefined)
  return declaration === undefined ? undefined : functionOf(declaration)
}

function functionOf(declaration: ts.Node): FunctionLike | undefined {
  if (ts.isClassLike(declaration))
    return declaration.members.find(
      (member) => ts.isConstructorDeclaration(member) && member.body !== undefined,
    ) as FunctionLike | undefined
  if (isFunctionWithBody(declaration)) return declaration.body === undefined ? undefined : declaration
  if (
    (ts.isVariableDeclaration(declaration) || ts.isPropertyDeclaration(declaration)) &&
    declaration.initializer !== undefined
  ) {
    return isFunctionWithBody(declaration.initializer) ? declaration.initializer : undefined
  }
  return undefined
}
