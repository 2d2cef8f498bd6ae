import { serviceDialectId } from '../analysis/connection/acquire-call'
import { reasonAdvice, type Site } from '../model/site'
import { siteRule } from './site-rule'

export const noLegacyAcquire = siteRule(
  'Connections are taken from the connection service only',
  '{{api}} ({{dialect}}) takes a connection past the connection service. {{advice}}',
  (site) =>
    site.dialect === serviceDialectId
      ? undefined
      : { api: site.api, dialect: site.dialect, advice: adviceOf(site) },
)

export const noUnscopedConnection = siteRule(
  'A connection of the service lives in a scope',
  '{{method}}() without a scope: the connection is given back only if every path does so. {{advice}}',
  (site) => {
    if (site.dialect !== serviceDialectId || site.shape === 'scoped') return undefined
    const [method = site.api] = site.api.split('/')
    // An object that keeps its connection has no scope to put it in: acquireConnection() is there for that.
    if (method === 'acquireConnection' && site.shape === 'crosses-function') return undefined
    return {
      method,
      advice: 'Write `await using connection = await connections.connection(…)`, or use withConnection().',
    }
  },
)

export const noLeakedConnection = siteRule(
  'No path loses a connection',
  'This connection is lost on a path: {{path}}. {{advice}}',
  (site) =>
    site.verdict === 'leak'
      ? { path: pathOf(site), advice: site.reason === undefined ? '' : reasonAdvice[site.reason] }
      : undefined,
)

function adviceOf(site: Site): string {
  return site.verdict === 'rewritable' ? '`pgferry migrate` can rewrite it.' : (site.advice ?? '')
}

function pathOf(site: Site): string {
  return (site.witness ?? []).map(({ line, note }) => `line ${String(line)}: ${note}`).join('; ')
}
