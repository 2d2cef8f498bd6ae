import ts from 'typescript'
import type { SiteFacts } from '../calls/site-facts'
import { enclosingFunction, isFunctionWithBody, walk } from '../syntax/syntax'
import { nodesWhileHeld } from '../paths/typestate'

/** The calls that run while a site's connection is held, on some path; functions that are only made there do not run. */
export function callsWhileHeld(facts: SiteFacts): readonly ts.CallExpression[] {
  const { acquire, scope, query } = facts
  if (acquire.kind === 'scoped') {
    const calls = callsIn(acquire.call, () => true)
    return calls.filter((call) => call.pos >= acquire.call.expression.end)
  }
  if (query === undefined) return []
  const held = nodesWhileHeld(query)
  const isHeld = (node: ts.Node): boolean => {
    let outermost = node
    for (
      let home = enclosingFunction(node);
      home !== scope && !ts.isSourceFile(home);
      home = enclosingFunction(home)
    )
      outermost = home
    return held.has(outermost)
  }
  return callsIn(scope, (node) => node !== acquire.call && isHeld(node))
}

function callsIn(
  scope: ts.Node,
  isWanted: (call: ts.CallExpression) => boolean,
): readonly ts.CallExpression[] {
  const calls: ts.CallExpression[] = []
  walk(scope, (node) => {
    if (isFunctionWithBody(node) && !isRunOnTheSpot(node)) return false
    if (ts.isCallExpression(node) && isWanted(node)) calls.push(node)
    return undefined
  })
  return calls
}

/** Handed to a call, or called in place: it runs while the connection is held, as far as can be seen. */
export function isRunOnTheSpot(node: ts.Node): boolean {
  const { parent } = node
  return ts.isCallExpression(parent) || ts.isParenthesizedExpression(parent)
}
