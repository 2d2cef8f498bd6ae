import { ts } from 'ts-morph'
import type { SiteLabel } from '../model/site'
import type { SiteFacts } from './site-facts'
import { enclosingFunction, walk } from './syntax'

/** What a person should know of a site beside its verdict: it may deadlock a small pool, or share one connection. */
export function concurrencyLabels(
  facts: SiteFacts,
  all: readonly SiteFacts[],
  checker: ts.TypeChecker,
): readonly SiteLabel[] {
  const labels: SiteLabel[] = []
  const others = all.filter((other) => other !== facts)
  if (others.some((other) => holdsDuring(facts, other) || callsWhileHeld(facts, other.scope, checker)))
    labels.push('nested-acquire')
  if (isSharedByAwaits(facts)) labels.push('shared-by-concurrent-awaits')
  return labels
}

/** Whether `inner` is taken between the acquire and the last release of `outer`, in the text of the same function. */
function holdsDuring(outer: SiteFacts, inner: SiteFacts): boolean {
  const held = heldRange(outer)
  const position = inner.acquire.call.getStart()
  const isSameFile = outer.acquire.call.getSourceFile() === inner.acquire.call.getSourceFile()
  return isSameFile && position > held.start && position < held.end
}

/** Whether a function of the file that takes a connection itself is called by name while this one is held. */
function callsWhileHeld(outer: SiteFacts, callee: ts.Node, checker: ts.TypeChecker): boolean {
  if (!ts.isFunctionDeclaration(callee) || callee.name === undefined || callee === outer.scope) return false
  const target = checker.getSymbolAtLocation(callee.name)
  const held = heldRange(outer)
  let isCalled = false
  walk(outer.scope, (node) => {
    if (isCalled || node.end <= held.start || node.pos >= held.end) return false
    if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression) || node.getStart() <= held.start)
      return undefined
    if (checker.getSymbolAtLocation(node.expression) === target) isCalled = true
    return undefined
  })
  return isCalled
}

function heldRange(outer: SiteFacts): { start: number; end: number } {
  const { call } = outer.acquire
  if (outer.acquire.kind === 'scoped') return { start: call.getStart(), end: call.end }
  const lastRelease = Math.max(0, ...outer.releases.map((release) => release.call.getStart()))
  return { start: call.end, end: outer.usingDeclaration?.parent.end ?? lastRelease }
}

/** Two uses in different elements of one `Promise.all`, or a use in a function that it runs several times. */
function isSharedByAwaits(facts: SiteFacts): boolean {
  const elements = new Map<ts.Node, Set<ts.Node>>()
  const note = (place: ts.Node): boolean => {
    const joined = ts.findAncestor(place, isJoin)
    if (joined === undefined || !isInside(joined, facts.scope)) return false
    const element = ts.findAncestor(
      place,
      (node) =>
        !ts.isSourceFile(node) && ts.isArrayLiteralExpression(node.parent) && isInside(node.parent, joined),
    )
    if (element === undefined) return enclosingFunction(place) !== enclosingFunction(joined)
    elements.set(joined, (elements.get(joined) ?? new Set()).add(element))
    return false
  }
  for (const use of facts.uses) {
    if (use.kind === 'release' || use.kind === 'test' || use.kind === 'write') continue
    if (note(use.node) || callsOf(enclosingFunction(use.node), facts.scope).some(note)) return true
  }
  return [...elements.values()].some((set) => set.size > 1)
}

/** Calls by name of a local function. */
function callsOf(local: ts.Node, scope: ts.Node): readonly ts.Node[] {
  if (ts.isSourceFile(local) || !ts.isVariableDeclaration(local.parent)) return []
  const { name } = local.parent
  if (local === scope || !ts.isIdentifier(name)) return []
  const calls: ts.Node[] = []
  walk(scope, (node) => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === name.text)
      calls.push(node)
    return undefined
  })
  return calls
}

function isJoin(node: ts.Node): boolean {
  return ts.isCallExpression(node) && /^Promise\.(all|allSettled|race|any)$/.test(node.expression.getText())
}

function isInside(inner: ts.Node, outer: ts.Node): boolean {
  return outer.pos <= inner.pos && inner.end <= outer.end
}
