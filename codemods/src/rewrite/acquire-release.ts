import type ts from 'typescript'
import type { Bracket } from '../analysis/connection/bracket'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { acquireText, connectionsText } from './service-call'

/** The bracket stays as it is; only the two calls change. */
export function rewriteAsAcquireRelease(
  bracket: Bracket,
  acquire: ts.CallExpression,
  target: RewriteTarget,
): readonly TextEdit[] {
  const { release, name } = bracket
  return [
    {
      start: acquire.getStart(),
      end: acquire.end,
      text: acquireText('acquireConnection', acquire, target),
    },
    {
      start: release.getStart(),
      end: release.end,
      text: `${connectionsText(target.connections)}.releaseConnection(${name.text})`,
    },
  ]
}
