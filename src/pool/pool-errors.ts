import { AcquireTimeoutError, PoolClosedError, PoolSaturatedError, type PoolSnapshot } from '../core/errors'
import type { PoolStats } from './pool-strategy'

export function createPoolClosedError(pool: string): PoolClosedError {
  return new PoolClosedError(`pool '${pool}' is closed`)
}

export function createSaturatedError(
  pool: string,
  { leased, waiting, max }: PoolStats,
  maxWaiting: number,
): PoolSaturatedError {
  const state = `${String(leased)} of ${String(max)} connections are leased and ${String(waiting)} callers wait`
  return new PoolSaturatedError(`pool '${pool}' is saturated: ${state} (maxWaiting is ${String(maxWaiting)})`)
}

export interface TimeoutFacts {
  readonly pool: string
  readonly purpose: string
  readonly timeoutMs: number
  readonly stats: PoolStats
  /** The last failed attempt to connect since the last success. */
  readonly lastConnectError: Error | undefined
}

/** What was known when the deadline passed: the counts, and why the last connection could not be opened. */
export function createTimeoutError({
  pool,
  purpose,
  timeoutMs,
  stats,
  lastConnectError,
}: TimeoutFacts): AcquireTimeoutError {
  const { total, idle, leased, opening, resetting, closing, waiting, max } = stats
  const counts = [
    `${String(leased)} of ${String(max)} leased`,
    `${String(idle)} idle`,
    `${String(opening)} being opened`,
    `${String(resetting)} being cleaned`,
    `${String(closing)} being closed`,
    `${String(waiting)} waiting`,
  ]
  const reason = lastConnectError === undefined ? '' : `. Last attempt: ${lastConnectError.message}`
  return new AcquireTimeoutError(
    `no connection for purpose '${purpose}' from pool '${pool}' within ${String(Math.round(timeoutMs))} ms: ${counts.join(', ')}${reason}`,
    { total, idle, leased, waiting, max, ...breakerOf(stats) },
    [],
    lastConnectError && { cause: lastConnectError },
  )
}

/** Of several hosts, the best: it is the one that is used. */
function breakerOf({ hosts = [] }: PoolStats): Pick<PoolSnapshot, 'breaker'> {
  const states = hosts.map(({ breaker }) => breaker)
  if (states.length === 0) return {}
  return { breaker: (['closed', 'half-open'] as const).find((state) => states.includes(state)) ?? 'open' }
}
