import { ConnectFailedError } from '../../../../src/core/errors'
import {
  createCircuitOpenError,
  createTimedOutError,
  type TimedOutFacts,
} from '../../../../src/pool/resilient/refusals'

const facts: TimedOutFacts = {
  pool: 'main',
  purpose: 'report',
  timeoutMs: 99.6,
  stats: { total: 0, idle: 0, leased: 0, opening: 0, resetting: 0, closing: 0, waiting: 1, max: 4 },
  lastConnectError: undefined,
  hasHope: false,
  refusal: undefined,
  target: 'primary',
  isSuspended: false,
}
const lastConnectError = new ConnectFailedError('could not connect to db', {
  cause: new Error('refused'),
  isRetryable: false,
})

test('an open circuit tells when the next attempt is, and why the last one failed', () => {
  const error = createCircuitOpenError(
    { kind: 'circuit-open', retryAtMs: 150.4, lastError: new Error('refused') },
    { pool: 'main', nowMs: 100 },
  )
  expect(error).toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: 50, cause: { message: 'refused' } })
  expect(error.message).toBe(
    "pool 'main' does not connect now: refused. The next attempt is in 50 ms; callers are refused until one succeeds.",
  )
})

test('an open circuit never tells of an attempt in the past, nor of a reason that is none', () => {
  const error = createCircuitOpenError(
    { kind: 'circuit-open', retryAtMs: 50, lastError: undefined },
    { pool: 'main', nowMs: 100 },
  )
  expect(error.retryAfterMs).toBe(0)
  expect(error.message).toContain('the database is down')
})

test('it is a timeout when nothing worse is known', () => {
  expect(createTimedOutError(facts)).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
  expect(createTimedOutError(facts).message).toContain('within 100 ms')
})

test('it is the failed connect when that is why no connection came', () => {
  const error = createTimedOutError({ ...facts, lastConnectError })
  expect(error).toMatchObject({ code: 'CONNECT_FAILED', isRetryable: false, cause: { message: 'refused' } })
})

test.each([{ hasHope: true }, { isSuspended: true }, { lastConnectError: new Error('of another kind') }])(
  'it is a timeout with the reason beside it: %j',
  (change) => {
    const error = createTimedOutError({ ...facts, lastConnectError, ...change })
    expect(error).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
    expect(error.message).toContain('Last attempt: ')
  },
)

test('hosts of the wrong role are named, with what is wrong with each', () => {
  const refusal = {
    kind: 'no-eligible-host',
    hosts: [
      { host: 'a', port: 5432, role: 'standby' },
      { host: 'b', port: 5433, role: 'unknown', lastError: 'refused' },
    ],
  } as const
  const error = createTimedOutError({ ...facts, refusal, lastConnectError })
  expect(error).toMatchObject({ code: 'NO_ELIGIBLE_HOST', hosts: refusal.hosts, cause: lastConnectError })
  expect(error.message).toBe(
    "pool 'main' found no host to serve as primary within 100 ms: a:5432 is standby, b:5433 is down (refused)",
  )
})
