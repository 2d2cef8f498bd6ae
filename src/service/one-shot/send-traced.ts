import { QueryMessage } from '../../core/query-message'
import { queryTrace } from '../../core/tracing'
import type { AnswerSink, PipelinedQuery } from '../../pool/pg-driver-query'
import type { LaneLease } from './one-shot-options'

/**
 * `send` with a message on `pgferry:query`, from here to the answer; the sink hears the answer inside of it. A statement that is
 * sent once more is traced once more. To be called while `queryTrace.isActive`.
 */
export function sendTraced(
  { client, tracing }: LaneLease,
  call: { readonly text: string; readonly sink: AnswerSink },
  send: (sink: AnswerSink) => PipelinedQuery,
): PipelinedQuery {
  const { text, sink } = call
  if (tracing === undefined) return send(sink)
  return queryTrace.call(
    new QueryMessage(tracing, client, text),
    (finish) =>
      send({
        onAnswer(query, result, rowError) {
          finish(rowError, () => {
            sink.onAnswer(query, result, rowError)
          })
        },
        onFailure(query, error) {
          finish(error, () => {
            sink.onFailure(query, error)
          })
        },
      }),
    tracing.clock,
  )
}
