import { assertNever } from '../../core/assert-never'

export interface BreakerSettings {
  /** Failures in a row that it takes to open. */
  readonly failureCount: number
  /**
   * Milliseconds that they must have lasted too. Callers of a server that is restarted wait for it rather than fail: a restart is
   * over sooner than this.
   */
  readonly outageMs: number
  /** Milliseconds between two probes, 20 % more or less; short, because a host that is back must be found within 500 ms. */
  readonly probeIntervalMs: number
  /** Failures further apart than this, in milliseconds, are not one outage. */
  readonly forgetAfterMs: number
}

export const defaultBreakerSettings: BreakerSettings = {
  failureCount: 5,
  outageMs: 2_000,
  probeIntervalMs: 200,
  forgetAfterMs: 30_000,
}

interface Closed {
  readonly kind: 'closed'
  readonly generation: number
  readonly consecutiveFailures: number
  /** Of the first of them; undefined when there is none. */
  readonly failingSinceMs: number | undefined
  readonly lastFailureAtMs: number | undefined
}

/** What is known from the moment of opening to the moment of closing. */
interface Outage {
  readonly generation: number
  readonly openedAtMs: number
  readonly lastError: unknown
  /** Probes that were begun. */
  readonly probeCount: number
}

interface Open extends Outage {
  readonly kind: 'open'
  readonly nextProbeAtMs: number
}

interface HalfOpen extends Outage {
  readonly kind: 'half-open'
  readonly probeStartedAtMs: number
}

/**
 * Whether a host is worth an attempt. `closed`: yes; `open`: it has failed for long enough, only a probe when it is due;
 * `half-open`: the probe is on its way, and nothing else.
 */
export type BreakerState = Closed | Open | HalfOpen

/**
 * What attempts report. `generation` is that of the state in which the attempt began ({@link BreakerState}): an answer that comes
 * after the state has moved on changes nothing. `random` is a number in [0, 1) for the spread of the next probe.
 */
export type BreakerEvent =
  | { readonly kind: 'succeeded'; readonly generation: number }
  | {
      readonly kind: 'failed'
      readonly generation: number
      readonly error: unknown
      readonly nowMs: number
      readonly random: number
    }
  /** Whoever has seen {@link isAttemptDue} begins the probe; ignored when none is due. */
  | { readonly kind: 'probe-started'; readonly nowMs: number }
  /** The probe was given up without an answer, so another may begin at once. */
  | { readonly kind: 'probe-abandoned'; readonly generation: number; readonly nowMs: number }

export const initialBreakerState: BreakerState = closedState(0)

/** The only way from one state to the next; pure, and the same object when nothing changes. */
export function transition(
  state: BreakerState,
  event: BreakerEvent,
  settings: BreakerSettings,
): BreakerState {
  // An attempt of an older state has nothing to say about this one.
  if (event.kind !== 'probe-started' && event.generation !== state.generation) return state
  switch (state.kind) {
    case 'closed':
      return fromClosed(state, event, settings)
    case 'open':
      return fromOpen(state, event)
    case 'half-open':
      return fromHalfOpen(state, event, settings)
    default:
      return assertNever(state)
  }
}

/** Whether an attempt may begin now; in an open state it is a probe and must be announced as `probe-started`. */
export function isAttemptDue(state: BreakerState, nowMs: number): boolean {
  return nowMs >= nextAttemptAtMs(state)
}

/** When the next attempt may begin; infinite while a probe is on its way. */
export function nextAttemptAtMs(state: BreakerState): number {
  switch (state.kind) {
    case 'closed':
      return -Infinity
    case 'open':
      return state.nextProbeAtMs
    case 'half-open':
      return Infinity
    default:
      return assertNever(state)
  }
}

function fromClosed(state: Closed, event: BreakerEvent, settings: BreakerSettings): BreakerState {
  if (event.kind === 'succeeded')
    return state.consecutiveFailures === 0 ? state : closedState(state.generation)
  if (event.kind !== 'failed') return state
  const { nowMs, error } = event
  const { failingSinceMs = nowMs, lastFailureAtMs = nowMs, consecutiveFailures } = state
  const isSameOutage = nowMs - lastFailureAtMs <= settings.forgetAfterMs
  const failures = isSameOutage ? consecutiveFailures + 1 : 1
  const sinceMs = isSameOutage ? failingSinceMs : nowMs
  if (failures < settings.failureCount || nowMs - sinceMs < settings.outageMs) {
    return { ...state, consecutiveFailures: failures, failingSinceMs: sinceMs, lastFailureAtMs: nowMs }
  }
  return {
    kind: 'open',
    generation: state.generation + 1,
    openedAtMs: nowMs,
    lastError: error,
    probeCount: 0,
    nextProbeAtMs: nextProbeAtMs(nowMs, event.random, settings),
  }
}

function fromOpen(state: Open, event: BreakerEvent): BreakerState {
  // Somebody got through without having asked.
  if (event.kind === 'succeeded') return closedState(state.generation + 1)
  if (event.kind !== 'probe-started' || !isAttemptDue(state, event.nowMs)) return state
  const { openedAtMs, lastError } = state
  return {
    kind: 'half-open',
    generation: state.generation + 1,
    openedAtMs,
    lastError,
    probeCount: state.probeCount + 1,
    probeStartedAtMs: event.nowMs,
  }
}

function fromHalfOpen(state: HalfOpen, event: BreakerEvent, settings: BreakerSettings): BreakerState {
  const { openedAtMs, lastError, probeCount } = state
  const generation = state.generation + 1
  switch (event.kind) {
    case 'succeeded':
      return closedState(generation)
    case 'failed': {
      const nextAtMs = nextProbeAtMs(event.nowMs, event.random, settings)
      return {
        kind: 'open',
        generation,
        openedAtMs,
        lastError: event.error,
        probeCount,
        nextProbeAtMs: nextAtMs,
      }
    }
    case 'probe-abandoned':
      return { kind: 'open', generation, openedAtMs, lastError, probeCount, nextProbeAtMs: event.nowMs }
    case 'probe-started':
      return state
    default:
      return assertNever(event)
  }
}

function closedState(generation: number): Closed {
  return {
    kind: 'closed',
    generation,
    consecutiveFailures: 0,
    failingSinceMs: undefined,
    lastFailureAtMs: undefined,
  }
}

/** Many processes have lost the same host at the same moment; they do not ask for it at the same moment. */
function nextProbeAtMs(nowMs: number, random: number, { probeIntervalMs }: BreakerSettings): number {
  return nowMs + probeIntervalMs * (0.8 + 0.4 * random)
}
