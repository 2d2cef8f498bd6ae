import ts from 'typescript'
import { methodOf, unwrapExpression } from '../syntax/syntax'

/** The service behind `connections.pgPool('purpose')`: its pool face lends connections of the service. */
export function serviceOfPoolFace(receiver: ts.Expression): ts.Expression | undefined {
  const bare = unwrapExpression(receiver)
  const named = ts.isCallExpression(bare) ? methodOf(bare) : undefined
  return named?.method === 'pgPool' ? named.receiver : undefined
}
