import ts from 'typescript'
import type { CalledFunctions } from '../modules/called-functions'
import type { TraceStep } from '../calls/callee-summary'
import type { AnalyzedSite } from '../judge/package-analysis'
import type { SiteFacts } from '../calls/site-facts'
import {
  isFunctionWithBody,
  methodOf,
  nameOfFunction,
  receiverText,
  walk,
  type FunctionLike,
} from '../syntax/syntax'
import type { Finding } from './dependency'
import { callsWhileHeld, isRunOnTheSpot } from './held-range'

/** How far calls are followed from one that runs while a connection is held. */
const maxDepth = 6

/** A way from a call to an acquire. */
interface Way {
  readonly site?: AnalyzedSite
  /** The acquire, or the query that takes a connection for itself. */
  readonly node: ts.Node
  readonly path: readonly TraceStep[]
  /** Taken only when the function is given none. */
  readonly isOptional?: true
}

/** Another connection is taken while one is held: in the same function, or in what it calls, in whatever file. */
export class NestedAcquires {
  private readonly byCall = new Map<ts.Node, AnalyzedSite>()
  private readonly whileHeldBy: ReadonlyMap<AnalyzedSite, readonly ts.CallExpression[]>
  private ways = new Map<FunctionLike, Way | 'none'>()

  constructor(
    private readonly sites: readonly AnalyzedSite[],
    private readonly called: CalledFunctions,
  ) {
    for (const one of sites) this.byCall.set(one.facts.acquire.call, one)
    this.whileHeldBy = new Map(sites.map((one) => [one, callsWhileHeld(one.facts)]))
  }

  /** Asked again when more of the package was parsed. */
  find(): readonly Finding[] {
    this.ways = new Map()
    return this.sites.flatMap((one) => this.whileHeld(one))
  }

  private whileHeld(outer: AnalyzedSite): readonly Finding[] {
    const findings: Finding[] = []
    const seen = new Set<ts.Node>()
    for (const call of this.whileHeldBy.get(outer) ?? []) {
      const way = this.wayFrom(call, outer.facts)
      if (way === undefined || seen.has(way.node) || way.node === outer.facts.acquire.call) continue
      seen.add(way.node)
      findings.push(findingOf(outer, way))
    }
    return findings
  }

  /** The call itself takes one, or what it runs does. */
  private wayFrom(call: ts.CallExpression, outer: SiteFacts): Way | undefined {
    const site = this.byCall.get(call)
    if (site !== undefined) return mayTakeNone(site) ? undefined : { site, node: call, path: [] }
    if (isQueryOfPool(call, outer)) return { node: call, path: [] }
    const callee = this.called.ofCall(call)
    // What gets the connection may take none of its own: `given ?? await acquire()`.
    if (callee === undefined || outer.calls.has(call)) return undefined
    const way = this.wayIn(callee, 0)
    return way === 'none' || isGiven(way, call) ? undefined : through(call, callee, way)
  }

  private wayIn(callee: FunctionLike, depth: number): Way | 'none' {
    const known = this.ways.get(callee)
    if (known !== undefined) return known
    // Set first: a function that calls itself leads nowhere new.
    this.ways.set(callee, 'none')
    const found = depth > maxDepth ? 'none' : this.searchIn(callee, depth)
    this.ways.set(callee, found)
    return found
  }

  private searchIn(callee: FunctionLike, depth: number): Way | 'none' {
    const direct: Way[] = []
    const called: { readonly call: ts.CallExpression; readonly callee: FunctionLike }[] = []
    walk(callee, (node) => {
      if (isFunctionWithBody(node) && !isRunOnTheSpot(node)) return false
      if (!ts.isCallExpression(node)) return undefined
      const site = this.byCall.get(node)
      if (site !== undefined) {
        if (mayTakeNone(site)) return undefined
        direct.push({ site, node, path: [], ...(isOnlyWithout(site) ? { isOptional: true } : {}) })
      } else {
        const next = this.called.ofCall(node)
        if (next !== undefined) called.push({ call: node, callee: next })
      }
      return undefined
    })
    const first = direct.find((way) => way.isOptional !== true) ?? direct[0]
    if (first !== undefined) return first
    for (const { call, callee: next } of called) {
      const way = this.wayIn(next, depth + 1)
      if (way !== 'none' && !isGiven(way, call)) return through(call, next, way)
    }
    return 'none'
  }
}

/** Whether the function that takes one only when it is given none may be given one by this call. */
function isGiven({ isOptional }: Way, call: ts.CallExpression): boolean {
  return isOptional === true && call.arguments.length > 0
}

function through(call: ts.CallExpression, callee: FunctionLike, { isOptional: _settled, ...way }: Way): Way {
  return { ...way, path: [{ node: call, note: calls(callee) }, ...way.path] }
}

function isOnlyWithout({ facts }: AnalyzedSite): boolean {
  const { binding } = facts
  return (binding.kind === 'declared' || binding.kind === 'assigned') && binding.isOwnedChoice
}

/** Taken by a function that may give the connection which is held already. */
function mayTakeNone({ facts }: AnalyzedSite): boolean {
  return facts.acquire.via?.otherwise !== undefined
}

/** `pool.query()` beside a connection of the same pool takes one more for itself, and does not see its transaction. */
function isQueryOfPool(call: ts.CallExpression, { acquire }: SiteFacts): boolean {
  if (acquire.dialect.id !== 'node-postgres' || acquire.via !== undefined) return false
  const named = methodOf(call)
  return named?.method === 'query' && receiverText(named.receiver) === receiverText(acquire.receiver)
}

function calls(callee: FunctionLike): string {
  return `calls ${nameOfFunction(callee)} here`
}

function findingOf(outer: AnalyzedSite, way: Way): Finding {
  const { acquire } = outer.facts
  const isQuery = way.site === undefined
  const isSame =
    isQuery ||
    (way.path.length === 0 &&
      receiverText(way.site.facts.acquire.receiver) === receiverText(acquire.receiver))
  const taken = isQuery
    ? 'A query takes a second connection of the pool while one is held, and does not see its transaction'
    : 'A second connection is taken while one is held'
  return {
    kind: 'nested-acquire',
    node: way.path[0]?.node ?? way.node,
    site: outer.site.id,
    summary: `${taken}: ${isSame ? '' : 'if both come from one pool, '}a pool of one deadlocks.`,
    path: [
      { node: acquire.call, note: 'the first connection is taken here' },
      ...way.path,
      { node: way.node, note: isQuery ? 'asks the pool here' : 'the second is taken here' },
    ],
  }
}
