import type { AcquireCall } from '../analysis/connection/acquire-call'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { connectionsText, quoted, quoteOf } from './service-call'

/** `manager.withConnection(callback)` becomes `connections.withConnection('purpose', callback)`; the callback keeps every byte. */
export function rewriteScoped(acquire: AcquireCall, target: RewriteTarget): readonly TextEdit[] {
  const { call } = acquire
  const [callback] = call.arguments
  const callee = call.expression
  const start = callback?.getStart() ?? call.end
  return [
    {
      start: call.getStart(),
      end: callee.end,
      text: `${connectionsText(target.connections)}.withConnection`,
    },
    { start, end: start, text: `${quoted(target.purpose, quoteOf(call.getSourceFile()))}, ` },
  ]
}
