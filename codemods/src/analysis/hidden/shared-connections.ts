import ts from 'typescript'
import { callSlots, usesOfSlot } from '../connection/call-slots'
import type { CalledFunctions } from '../modules/called-functions'
import type { ConnectionUse, UseQuery } from '../connection/connection-uses'
import type { AnalyzedSite } from '../judge/package-analysis'
import { enclosingFunction, nameOfFunction, receiverText, walk } from '../syntax/syntax'
import type { Finding } from './dependency'

const summary =
  'Several operations that run at the same time share one connection: they wait for each other, and an error in one does not stop the rest.'

/** One connection in several branches of a `Promise.all`, here or in a function that it is lent to. */
export function sharedByAwaits(
  { site, facts }: AnalyzedSite,
  called: CalledFunctions,
  checker: ts.TypeChecker,
): readonly Finding[] {
  const taken = { node: facts.acquire.call, note: 'the connection is taken here' }
  const own = sharedIn(facts.uses, facts.scope)
  const findingAt = (node: ts.Node, path: Finding['path']): Finding => ({
    kind: 'shared-by-concurrent-awaits',
    node,
    site: site.id,
    summary,
    path: [taken, ...path],
  })
  const findings = own === undefined ? [] : [findingAt(own, [{ node: own, note: 'and shared here' }])]
  if (facts.acquire.kind === 'scoped') return findings
  const query: UseQuery = {
    checker,
    dialect: facts.acquire.dialect,
    receiver: receiverText(facts.acquire.receiver),
  }
  const seen = new Set<ts.Node>()
  for (const slot of facts.uses.flatMap(callSlots)) {
    const callee = called.ofCall(slot.call)
    if (callee === undefined || seen.has(callee)) continue
    seen.add(callee)
    const found = usesOfSlot(callee, slot, query)
    const shared = found === 'unseen' ? undefined : sharedIn(found.uses, callee)
    if (shared === undefined) continue
    const note = `lent to ${nameOfFunction(callee)} here`
    findings.push(
      findingAt(slot.call, [
        { node: slot.call, note },
        { node: shared, note: 'and shared here' },
      ]),
    )
  }
  return findings
}

/** The call that runs several uses at once: two in different elements of one list, or one in a function that it runs several times. */
function sharedIn(uses: readonly ConnectionUse[], scope: ts.Node): ts.Node | undefined {
  const elements = new Map<ts.Node, Set<ts.Node>>()
  const note = (place: ts.Node): ts.Node | undefined => {
    const joined = ts.findAncestor(place, isJoin)
    if (joined === undefined || !isInside(joined, scope)) return undefined
    const element = ts.findAncestor(
      place,
      (node) =>
        !ts.isSourceFile(node) && ts.isArrayLiteralExpression(node.parent) && isInside(node.parent, joined),
    )
    if (element === undefined)
      return enclosingFunction(place) === enclosingFunction(joined) ? undefined : joined
    const all = (elements.get(joined) ?? new Set()).add(element)
    elements.set(joined, all)
    return all.size > 1 ? joined : undefined
  }
  for (const use of uses) {
    if (use.kind === 'release' || use.kind === 'test' || use.kind === 'write') continue
    for (const place of [use.node, ...callsOf(enclosingFunction(use.node), scope)]) {
      const shared = note(place)
      if (shared !== undefined) return shared
    }
  }
  return undefined
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
  return outer.getSourceFile() === inner.getSourceFile() && outer.pos <= inner.pos && inner.end <= outer.end
}
