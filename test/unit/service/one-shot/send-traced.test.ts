import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { QueryMessage } from '../../../../src/core/query-message'
import { queryTrace } from '../../../../src/core/tracing'
import type { AnswerSink, PipelinedQuery } from '../../../../src/pool/pg-driver-query'
import type { LaneLease } from '../../../../src/service/one-shot/one-shot-options'
import { sendTraced } from '../../../../src/service/one-shot/send-traced'
import { FakeClock } from '../../../support/fake-clock'

const query = {} as unknown as PipelinedQuery
const seen: string[] = []
const listener = (message: unknown): void => {
  const { text, purpose, durationMs, statusCode } = message as QueryMessage
  seen.push(`${String(purpose)}: ${text} ${String(durationMs)} ms ${statusCode ?? 'ok'}`)
}

beforeEach(() => {
  seen.length = 0
  subscribe('tracing:pgferry:query:asyncEnd', listener)
})
afterEach(() => {
  unsubscribe('tracing:pgferry:query:asyncEnd', listener)
})

/** Sends a statement; the answer is the sink that hears what became of it. */
function send(clock: FakeClock, lease: Partial<LaneLease>): AnswerSink {
  let given: AnswerSink | undefined
  const sink: AnswerSink = {
    onAnswer: () => seen.push('answer'),
    onFailure: (_query, error) => seen.push(error.message),
  }
  const client = {} as unknown as LaneLease['client']
  const tracing = { pool: 'main', purpose: 'rag', owner: {}, clock }
  const sent = sendTraced({ client, tracing, ...lease }, { text: 'SELECT 1', sink }, (traced) => {
    given = traced
    return query
  })
  expect(sent).toBe(query)
  return given!
}

test('a statement on a shared connection is traced until its answer', async () => {
  expect(queryTrace.isActive).toBe(true)
  const clock = new FakeClock()
  const sink = send(clock, {})
  await clock.advance(7)
  sink.onAnswer(query, {} as never, undefined)
  expect(seen).toEqual(['answer', 'rag: SELECT ? 7 ms ok'])
})

test('a statement that is refused is traced with its SQLSTATE', () => {
  send(new FakeClock(), {}).onFailure(query, Object.assign(new Error('gone'), { code: '42P01' }))
  expect(seen).toEqual(['gone', 'rag: SELECT ? 0 ms 42P01'])
})

test('a lease that tells nothing of its pool is not traced', () => {
  const lease: Record<string, unknown> = { tracing: undefined }
  send(new FakeClock(), lease).onAnswer(query, {} as never, undefined)
  expect(seen).toEqual(['answer'])
})
