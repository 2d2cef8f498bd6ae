import ts from 'typescript'
import { outermost, unwrapExpression } from '../syntax/syntax'

/** Members of a client of `pg`, which nobody sets to leave a mark. */
const clientMembers: ReadonlySet<string> = new Set([
  ...['query', 'release', 'connect', 'end', 'ref', 'unref', 'getTypeParser', 'setTypeParser'],
  ...['escapeIdentifier', 'escapeLiteral', 'getTransactionStatus', 'discard', 'then', 'constructor'],
  ...['on', 'once', 'off', 'emit', 'addListener', 'removeListener', 'removeAllListeners', 'listeners'],
  ...[
    'host',
    'port',
    'user',
    'database',
    'password',
    'ssl',
    'processID',
    'secretKey',
    'connection',
    'readyForQuery',
  ],
  ...[
    'connectionParameters',
    'replication',
    'activeQuery',
    'queryQueue',
    'queryable',
    'enableChannelBinding',
  ],
  ...['hasExecuted', 'saslSession', 'binary', 'pipelining'],
])

/** `connection.inTransaction = true`: a property of the caller's own, set to nothing but `true` and `false`. */
export function isMark({ operatorToken, right }: ts.BinaryExpression, name: string): boolean {
  const { kind } = unwrapExpression(right)
  return (
    operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    (kind === ts.SyntaxKind.TrueKeyword || kind === ts.SyntaxKind.FalseKeyword) &&
    !clientMembers.has(name) &&
    !name.startsWith('_')
  )
}

/** The name in `connection.inTransaction = true`. */
export function markOf(node: ts.Identifier): string | undefined {
  const { parent } = outermost(node)
  if (!ts.isPropertyAccessExpression(parent)) return undefined
  const target = outermost(parent)
  const isWritten =
    ts.isBinaryExpression(target.parent) &&
    target.parent.left === target &&
    target.parent.operatorToken.kind === ts.SyntaxKind.EqualsToken
  return isWritten ? parent.name.text : undefined
}
