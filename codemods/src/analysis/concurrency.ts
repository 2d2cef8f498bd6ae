import { ts } from 'ts-morph'
import type { SiteLabel } from '../model/site'
import type { SiteFacts } from './site-facts'
import { enclosingFunction } from './syntax'

/** What a person should know of a site beside its verdict: it may deadlock a small pool, or share one connection. */
export function concurrencyLabels(facts: SiteFacts, all: readonly SiteFacts[]): readonly SiteLabel[] {
  const labels: SiteLabel[] = []
  if (all.some((other) => other !== facts && holdsDuring(other, facts))) labels.push('nested-acquire')
  if (isSharedByAwaits(facts)) labels.push('shared-by-concurrent-awaits')
  return labels
}

/** Whether `inner` is taken between the acquire and the last release of `outer`. */
function holdsDuring(outer: SiteFacts, inner: SiteFacts): boolean {
  const position = inner.acquire.call.getStart()
  const start = outer.acquire.call.end
  if (outer.acquire.kind === 'scoped')
    return position > outer.acquire.call.getStart() && position < outer.acquire.call.end
  if (outer.scope !== inner.scope && !isInside(inner.scope, outer.scope)) return false
  const end =
    outer.usingDeclaration?.parent.end ??
    Math.max(0, ...outer.releases.map((release) => release.call.getStart()))
  return position > start && position < end
}

function isInside(inner: ts.Node, outer: ts.Node): boolean {
  return outer.pos <= inner.pos && inner.end <= outer.end
}

/** Two uses in different elements of one `Promise.all`, or a use in a function that it runs for each element. */
function isSharedByAwaits(facts: SiteFacts): boolean {
  const elements = new Map<ts.Node, Set<ts.Node>>()
  for (const use of facts.uses) {
    if (use.kind === 'release' || use.kind === 'test' || use.kind === 'write') continue
    const joined = ts.findAncestor(use.node, isJoin)
    if (joined === undefined || !isInside(joined, facts.scope)) continue
    const element = ts.findAncestor(
      use.node,
      (node) => ts.isArrayLiteralExpression(node.parent) && isInside(node.parent, joined),
    )
    if (element === undefined && enclosingFunction(use.node) !== enclosingFunction(joined)) return true
    if (element !== undefined) elements.set(joined, (elements.get(joined) ?? new Set()).add(element))
  }
  return [...elements.values()].some((set) => set.size > 1)
}

function isJoin(node: ts.Node): boolean {
  return ts.isCallExpression(node) && /^Promise\.(all|allSettled|race|any)$/.test(node.expression.getText())
}
