import type { Clock } from '../../core/clock'
import { CircuitOpenError, ConnectFailedError, NoEligibleHostError } from '../../core/errors'
import { createTimeoutError, type TimeoutFacts } from '../pool-errors'
import type { AcquireReceiver, HostTarget } from '../pool-strategy'
import type { HostRefusal } from './host-table'

/** The error for a caller who need not wait: the database has been down for a while. */
export function createCircuitOpenError(
  { retryAtMs, lastError }: Extract<HostRefusal, { kind: 'circuit-open' }>,
  { pool, nowMs }: { readonly pool: string; readonly nowMs: number },
): CircuitOpenError {
  const retryAfterMs = Math.max(0, Math.round(retryAtMs - nowMs))
  return new CircuitOpenError(
    `pool '${pool}' does not connect now: ${messageOf(lastError).replace(/\.$/, '')}. The next attempt is in ${String(retryAfterMs)} ms; callers are refused until one succeeds.`,
    retryAfterMs,
    { cause: lastError },
  )
}

export interface TimedOutFacts extends TimeoutFacts {
  /** Whether a connection was there, or out, that could have come back to this caller. */
  readonly hasHope: boolean
  readonly refusal: HostRefusal | undefined
  readonly target: HostTarget
  readonly isSuspended: boolean
}

/** What was known when the deadline passed. It is called a timeout only when nothing worse is known. */
export function createTimedOutError(facts: TimedOutFacts): Error {
  const { pool, target, timeoutMs, refusal, hasHope, lastConnectError } = facts
  const within = `within ${String(Math.round(timeoutMs))} ms`
  if (!facts.isSuspended && !hasHope) {
    if (refusal?.kind === 'no-eligible-host') {
      const { hosts } = refusal
      const found = hosts.map(({ host, port, role, lastError }) => {
        const state = lastError === undefined ? role : `down (${lastError})`
        return `${host}:${String(port)} is ${state}`
      })
      const message = `pool '${pool}' found no host to serve as ${target} ${within}: ${found.join(', ')}`
      return new NoEligibleHostError(message, hosts, { cause: lastConnectError })
    }
    if (lastConnectError instanceof ConnectFailedError) {
      const message = `pool '${pool}' could not connect ${within}. Last attempt: ${lastConnectError.message}`
      return new ConnectFailedError(message, {
        cause: lastConnectError.cause,
        isRetryable: lastConnectError.isRetryable,
      })
    }
  }
  return createTimeoutError(facts)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the database is down'
}

/** In a turn of its own: callers who ask again at once must not keep the attempt from being made that would help them. */
export function refuseNextTurn(receiver: AcquireReceiver, error: Error, clock: Clock): void {
  clock.setTimer(() => {
    receiver.refuse(error)
  }, 0)
}
