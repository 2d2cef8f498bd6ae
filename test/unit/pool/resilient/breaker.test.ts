import {
  defaultBreakerSettings as settings,
  initialBreakerState,
  isAttemptDue,
  nextAttemptAtMs,
  transition,
  type BreakerEvent,
  type BreakerState,
} from '../../../../src/pool/resilient/breaker'

const error = new Error('connect ECONNREFUSED')

function failed(state: BreakerState, nowMs: number, random = 0.5): BreakerState {
  return transition(state, { kind: 'failed', generation: state.generation, error, nowMs, random }, settings)
}

function succeeded(state: BreakerState): BreakerState {
  return transition(state, { kind: 'succeeded', generation: state.generation }, settings)
}

function failedAt(...instants: readonly number[]): BreakerState {
  return instants.reduce((state, nowMs) => failed(state, nowMs), initialBreakerState)
}

function probing(state: BreakerState, nowMs: number): BreakerState {
  return transition(state, { kind: 'probe-started', nowMs }, settings)
}

/** Opened at 2000, with a probe due at 2200. */
const open = failedAt(0, 500, 1_000, 1_500, 2_000)

test('many failures in a short time do not open it: a restart makes callers wait, not fail', () => {
  const state = failedAt(...Array.from({ length: 100 }, (_, index) => index))
  expect(state).toMatchObject({ kind: 'closed', consecutiveFailures: 100, failingSinceMs: 0 })
})

test('a long outage with few failures does not open it', () => {
  expect(failedAt(0, 1_000, 2_000, 3_000)).toMatchObject({ kind: 'closed', consecutiveFailures: 4 })
})

test('enough failures over a long enough time open it', () => {
  expect(failedAt(0, 500, 1_000, 1_500, 1_999).kind).toBe('closed')
  expect(open).toEqual({
    kind: 'open',
    generation: 1,
    openedAtMs: 2_000,
    lastError: error,
    probeCount: 0,
    nextProbeAtMs: 2_200,
  })
})

test('a success in between begins the count anew', () => {
  const state = succeeded(failedAt(0, 1, 2, 3))
  expect(state).toMatchObject({ kind: 'closed', consecutiveFailures: 0, failingSinceMs: undefined })
  expect(failed(state, 9_000)).toMatchObject({ consecutiveFailures: 1, failingSinceMs: 9_000 })
})

test('a success when nothing has failed changes nothing', () => {
  expect(succeeded(initialBreakerState)).toBe(initialBreakerState)
})

test('failures that are far apart are not one outage', () => {
  const state = failedAt(0, 1, 2, 3, 30_004)
  expect(state).toMatchObject({ kind: 'closed', consecutiveFailures: 1, failingSinceMs: 30_004 })
})

test('a closed breaker lets every attempt through and takes none for a probe', () => {
  expect(isAttemptDue(initialBreakerState, 0)).toBe(true)
  expect(probing(initialBreakerState, 0)).toBe(initialBreakerState)
})

test('an open breaker lets nobody through before the probe is due', () => {
  expect(isAttemptDue(open, 2_199)).toBe(false)
  expect(probing(open, 2_199)).toBe(open)
  expect(isAttemptDue(open, 2_200)).toBe(true)
})

test('there is one probe at a time', () => {
  const halfOpen = probing(open, 2_200)
  expect(halfOpen).toMatchObject({
    kind: 'half-open',
    generation: 2,
    probeStartedAtMs: 2_200,
    probeCount: 1,
  })
  expect(nextAttemptAtMs(halfOpen)).toBe(Infinity)
  expect(probing(halfOpen, 9_000)).toBe(halfOpen)
})

test('a probe that succeeds closes it', () => {
  expect(succeeded(probing(open, 2_200))).toMatchObject({
    kind: 'closed',
    generation: 3,
    consecutiveFailures: 0,
  })
})

test('a probe that fails opens it again, with the newer error and for another interval', () => {
  const later = new Error('later')
  const halfOpen = probing(open, 2_200)
  const state = transition(
    halfOpen,
    { kind: 'failed', generation: 2, error: later, nowMs: 2_300, random: 0.5 },
    settings,
  )
  expect(state).toEqual({
    kind: 'open',
    generation: 3,
    openedAtMs: 2_000,
    lastError: later,
    probeCount: 1,
    nextProbeAtMs: 2_500,
  })
})

test('a probe that was given up leaves the next one due at once', () => {
  const state = transition(
    probing(open, 2_200),
    { kind: 'probe-abandoned', generation: 2, nowMs: 2_250 },
    settings,
  )
  expect(state).toMatchObject({ kind: 'open', nextProbeAtMs: 2_250, probeCount: 1 })
})

test.each([
  [0, 2_160],
  [0.999_999, 2_240],
])('probes are spread by a fifth (chance %d)', (random, dueAtMs) => {
  const state = failed(failedAt(0, 500, 1_000, 1_500), 2_000, random)
  expect(nextAttemptAtMs(state)).toBeCloseTo(dueAtMs, 2)
})

test('an answer that comes late changes nothing', () => {
  const halfOpen = probing(open, 2_200)
  const late: readonly BreakerEvent[] = [
    { kind: 'succeeded', generation: 0 },
    { kind: 'failed', generation: 0, error, nowMs: 3_000, random: 0 },
    { kind: 'probe-abandoned', generation: 1, nowMs: 3_000 },
  ]
  for (const event of late) {
    expect(transition(halfOpen, event, settings)).toBe(halfOpen)
  }
  expect(transition(open, { kind: 'succeeded', generation: 0 }, settings)).toBe(open)
})

test('in an open state a failure says nothing new, and a success of this moment closes it', () => {
  expect(failed(open, 2_050)).toBe(open)
  expect(succeeded(open)).toMatchObject({ kind: 'closed', generation: 2 })
})

test('an attempt given up while closed changes nothing', () => {
  const event: BreakerEvent = { kind: 'probe-abandoned', generation: 0, nowMs: 1 }
  expect(transition(initialBreakerState, event, settings)).toBe(initialBreakerState)
})
