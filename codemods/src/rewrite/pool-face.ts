import type { AcquireCall } from '../analysis/connection/acquire-call'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { connectionsText, quoted, quoteOf } from './service-call'

/** `pool.connect(callback)` becomes `connections.pgPool('purpose').connect(callback)`; the callback keeps every byte. */
export function rewriteOnPoolFace({ call }: AcquireCall, target: RewriteTarget): readonly TextEdit[] {
  const purpose = quoted(target.purpose, quoteOf(call.getSourceFile()))
  return [
    {
      start: call.getStart(),
      end: call.expression.end,
      text: `${connectionsText(target.connections)}.pgPool(${purpose}).connect`,
    },
  ]
}
