import ts from 'typescript'
import type { DialectSuggestion } from '../../model/dialect-suggestion'
import type { SourceText } from '../../model/source'
import type { NamedCall } from './find-acquires'
import { methodOf, outermost, positionOf, receiverText, unwrapExpression } from '../syntax/syntax'
import { membersAskedOf } from './use-evidence'

const statements = ['query', 'execute']
const releases = ['release', 'done', 'giveBack', 'putBack', 'returnToPool']

/** What APIs nobody would think of by their names alone: they give a lease, but not of a database. */
const neverDatabases = /lock|mutex|semaphore|redis|cache|socket|browser|page/i

/**
 * Calls whose awaited result is sent statements and then given back: connections taken by hand, whatever the API is called. They are no
 * sites, because nothing shows what they are; the report names the dialect that would make them so.
 */
export function suggestDialects(
  source: SourceText,
  calls: readonly NamedCall[],
  taken: ReadonlySet<ts.CallExpression>,
  checker: ts.TypeChecker,
): readonly DialectSuggestion[] {
  const { text } = source
  if (!releases.some((name) => text.includes(`.${name}(`))) return []
  if (!statements.some((name) => text.includes(name))) return []
  return calls.flatMap(({ call, receiver, method }) => {
    const { parent } = outermost(call)
    if (isPartOf(call, taken) || !ts.isAwaitExpression(parent) || neverDatabases.test(method)) return []
    if (!ts.isVariableDeclaration(outermost(parent).parent)) return []
    const asked = membersAskedOf(call, {}, checker)
    const release = releases.find((name) => asked.has(name))
    if (release === undefined || !statements.some((name) => asked.has(name))) return []
    return [
      {
        receiver: methodOf(call) === undefined ? '' : receiverText(receiver),
        method,
        release,
        file: source.relativePath,
        line: positionOf(call).line,
        count: 1,
      },
    ]
  })
}

/** A site, or `pool.connect().catch(…)`, which ends in one. */
function isPartOf(call: ts.CallExpression, taken: ReadonlySet<ts.CallExpression>): boolean {
  if (taken.has(call)) return true
  const inner = methodOf(call)?.receiver
  const bare = inner && unwrapExpression(inner)
  return bare !== undefined && ts.isCallExpression(bare) && isPartOf(bare, taken)
}
