import ts from 'typescript'
import type { AcquireBinding } from '../connection/acquire-binding'
import { bindingOf } from '../connection/acquire-binding'
import type { AcquireCall } from '../connection/acquire-call'
import type { Bracket, ReleaseUse, TryAfterAcquire } from '../connection/bracket'
import { bracketOf, findTryAfter } from '../connection/bracket'
import { siteEffects } from './call-effects'
import type { CalleeSummaries, CalleeSummary, CallSummary } from './callee-summary'
import type { ConnectionUse } from '../connection/connection-uses'
import { findUses } from '../connection/connection-uses'
import { buildFlowGraph } from '../paths/flow-graph'
import type { Helpers } from './helpers'
import type { FlowGraph } from '../paths/flow-node'
import type { FunctionLike } from '../syntax/syntax'
import { enclosingFunction, outermost, receiverText } from '../syntax/syntax'
import type { Finding, TypestateQuery } from '../paths/typestate-model'
import { runTypestate } from '../paths/typestate'

/** Everything the analysis found out about one acquire, before anything is decided. */
export interface SiteFacts {
  readonly acquire: AcquireCall
  readonly scope: FunctionLike | ts.SourceFile
  readonly binding: AcquireBinding
  readonly uses: readonly ConnectionUse[]
  readonly releases: readonly ReleaseUse[]
  readonly callees: ReadonlyMap<ts.Node, CalleeSummary>
  /** The same with where it is done; calls that get it inside an object included. */
  readonly calls: ReadonlyMap<ts.Node, CallSummary>
  readonly findings: readonly Finding[]
  /** For a closer look at the functions that get the connection. */
  readonly helpers?: Helpers
  /** What the findings came from; asked again about the region of a scope. */
  readonly query?: TypestateQuery
  readonly tryAfter: TryAfterAcquire | undefined
  readonly bracket: Bracket | undefined
  /** The `await using` declaration that binds it. */
  readonly usingDeclaration: ts.VariableStatement | undefined
}

/** Graphs of the functions of one package, each built once. */
export type GraphCache = Map<ts.Node, FlowGraph>

export function gatherFacts(
  acquire: AcquireCall,
  checker: ts.TypeChecker,
  graphs: GraphCache,
  tracked: ReadonlySet<string>,
  summaries: CalleeSummaries,
): SiteFacts {
  const scope = enclosingFunction(acquire.call)
  const binding: AcquireBinding = acquire.kind === 'scoped' ? { kind: 'discarded' } : bindingOf(acquire)
  const bare = {
    acquire,
    scope,
    binding,
    uses: [],
    releases: [],
    callees: new Map<ts.Node, CalleeSummary>(),
    calls: new Map<ts.Node, CallSummary>(),
    findings: [],
  }
  if (acquire.kind === 'scoped' || (binding.kind !== 'declared' && binding.kind !== 'assigned')) {
    return { ...bare, tryAfter: undefined, bracket: undefined, usingDeclaration: undefined }
  }
  const query = {
    checker,
    dialect: acquire.dialect,
    receiver: receiverText(acquire.receiver),
    ...(acquire.rule.open === undefined ? {} : { openMethod: acquire.rule.open }),
  }
  const uses = findUses(binding.name, scope, query)
  const releases = uses.filter((use): use is ReleaseUse => use.kind === 'release')
  const calls = new Map<ts.Node, CallSummary>()
  for (const use of uses)
    for (const { call, summary } of summaries.ofUse(use, query)) calls.set(call, summary)
  const callees = new Map([...calls].map(([call, { kind }]) => [call, kind] as const))
  const usingDeclaration = binding.kind === 'declared' ? usingStatement(binding.declaration) : undefined
  const variable = checker.getSymbolAtLocation(binding.name)
  const typestate: TypestateQuery = {
    graph: graphOf(scope, graphs, tracked),
    acquiredBy: acquiredBy(openOf(uses) ?? acquire.call),
    ...(variable === undefined ? {} : { variable }),
    uses,
    effects: siteEffects({ uses, calls, scope }),
    ...(usingDeclaration === undefined ? {} : { usingDeclaration }),
    checker,
  }
  const declared = binding.kind === 'declared' ? binding : undefined
  return {
    acquire,
    scope,
    binding,
    uses,
    releases,
    callees,
    calls,
    findings: runTypestate(typestate),
    helpers: summaries.helpers,
    query: typestate,
    tryAfter: declared && findTryAfter(declared.declaration, releases),
    bracket: declared && bracketOf(declared.declaration, declared.name, releases),
    usingDeclaration,
  }
}

/** Of a two-step handle, the call that really takes the connection. */
function openOf(uses: readonly ConnectionUse[]): ts.CallExpression | undefined {
  const opened = uses.filter((use) => use.kind === 'open')
  return opened.length === 1 ? opened[0]?.call : undefined
}

function acquiredBy(call: ts.CallExpression): ts.Node {
  const called = outermost(call)
  return ts.isAwaitExpression(called.parent) ? called.parent : call
}

function graphOf(
  scope: FunctionLike | ts.SourceFile,
  graphs: GraphCache,
  tracked: ReadonlySet<string>,
): FlowGraph {
  const known = graphs.get(scope)
  if (known !== undefined) return known
  const body = ts.isSourceFile(scope) ? scope : scope.body
  const graph = buildFlowGraph(body ?? scope.getSourceFile(), tracked)
  graphs.set(scope, graph)
  return graph
}

function usingStatement(declaration: ts.VariableDeclaration): ts.VariableStatement | undefined {
  const list = declaration.parent
  if (!ts.isVariableDeclarationList(list) || (list.flags & ts.NodeFlags.Using) === 0) return undefined
  return ts.isVariableStatement(list.parent) ? list.parent : undefined
}
