import ts from 'typescript'
import type { AnalyzedSite } from '../judge/package-analysis'
import { methodOf, receiverText, unwrapExpression, walk } from '../syntax/syntax'
import type { Finding } from './dependency'
import { isListen, textOf } from '../connection/listen-statement'

const summary =
  'LISTEN needs a session of its own: a pool must not have it back, and a transaction pooler cannot give it.'

/** `client.query('LISTEN jobs')`, and `client.on('notification', …)` on a client that listens or that a site of the file took. */
export function findListeners(sourceFile: ts.SourceFile, sites: readonly AnalyzedSite[]): readonly Finding[] {
  if (!/\bLISTEN\b|notification/i.test(sourceFile.text)) return []
  const listening = new Map<string, Finding>()
  const handlers: { readonly receiver: ts.Expression; readonly call: ts.CallExpression }[] = []
  walk(sourceFile, (node) => {
    if (!ts.isCallExpression(node)) return undefined
    const named = methodOf(node)
    if (named === undefined) return undefined
    const [first] = node.arguments
    if (named.method === 'query' && first !== undefined && isListen(first)) {
      const key = receiverText(named.receiver)
      if (!listening.has(key))
        listening.set(key, findingAt(node, 'listens here', siteOf(named.receiver, sites)))
    }
    if (isHandler(named.method) && first !== undefined && textOf(first) === 'notification')
      handlers.push({ receiver: named.receiver, call: node })
    return undefined
  })
  const byHandler = handlers.flatMap(({ receiver, call }) => {
    if (listening.has(receiverText(receiver))) return []
    const site = siteOf(receiver, sites)
    return site === undefined ? [] : [findingAt(call, 'waits for notifications here', site)]
  })
  return [...listening.values(), ...byHandler]
}

function isHandler(method: string): boolean {
  return method === 'on' || method === 'once' || method === 'addListener'
}

/** The site whose connection the receiver is. */
function siteOf(receiver: ts.Expression, sites: readonly AnalyzedSite[]): AnalyzedSite | undefined {
  const bare = unwrapExpression(receiver)
  return sites.find((one) => one.facts.uses.some((use) => use.node === bare))
}

function findingAt(node: ts.Node, note: string, site: AnalyzedSite | undefined): Finding {
  const taken = site && { node: site.facts.acquire.call, note: 'the connection is taken here' }
  return {
    kind: 'listen',
    node,
    ...(site === undefined ? {} : { site: site.site.id }),
    summary,
    path: [...(taken === undefined ? [] : [taken]), { node, note }],
  }
}
