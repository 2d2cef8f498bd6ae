import type { ReleasingChain } from '../analysis/connection/releasing-chain'
import type { RewriteTarget } from '../model/target'
import type { TextEdit } from '../model/text-edit'
import { connectionsText, quoted, quoteOf } from './service-call'

/** `acquire().then((c) => work(c).finally(…))` becomes `connections.withConnection('purpose', (c) => work(c))`. */
export function rewriteChain(chain: ReleasingChain, target: RewriteTarget): readonly TextEdit[] {
  const { acquire, callback, released, work } = chain
  const purpose = quoted(target.purpose, quoteOf(acquire.getSourceFile()))
  return [
    {
      start: acquire.getStart(),
      end: callback.getStart(),
      text: `${connectionsText(target.connections)}.withConnection(${purpose}, `,
    },
    { start: work.end, end: released.end, text: '' },
  ]
}
