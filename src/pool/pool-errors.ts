import { AcquireTimeoutError, PoolClosedError, PoolSaturatedError, type PoolSnapshot } from '../core/errors'
import type { PoolStats } from './pool-strategy'

export function createPoolClosedError(pool: string): PoolClosedError {
  return new PoolClosedError(`pool '${pool}' is closed`)
}

export function createSaturatedError(pool: string, stats: PoolStats, maxWaiting: number): PoolSaturatedError {
  const { leased, waiting, max } = stats
  const state = `${String(leased)} of ${String(max)} connections are leased and ${String(waiting)} callers wait`
  return new PoolSaturatedError(
    `pool '${pool}' is saturated: ${state} (maxWaiting is ${String(maxWaiting)})`,
    snapshotOf(stats),
  )
}

/** What an error tells of a pool. */
export function snapshotOf(stats: PoolStats): PoolSnapshot {
  const { total, idle, leased, waiting, max } = stats
  return { total, idle, leased, waiting, max, ...breakerOf(stats) }
}

export interface TimeoutFacts {
  readonly pool: string
  readonly purpose: string
  readonly timeoutMs: number
  readonly stats: PoolStats
  /** The last failed attempt to connect since the last success. */
  readonly lastConnectError: Error | undefined
  readonly isSuspended?: boolean
}

/** What was known when the deadline passed: the counts, and why the last connection could not be opened. */
export function createTimeoutError({
  pool,
  purpose,
  timeoutMs,
  stats,
  lastConnectError,
  isSuspended = false,
}: TimeoutFacts): AcquireTimeoutError {
  const { idle, leased, opening, resetting, closing, waiting, max } = stats
  const counts = [
    `${String(leased)} of ${String(max)} leased`,
    `${String(idle)} idle`,
    `${String(opening)} being opened`,
    `${String(resetting)} being cleaned`,
    `${String(closing)} being closed`,
    `${String(waiting)} waiting`,
  ]
  const suspended = isSuspended ? '. It is suspended and lends nothing until resume() is called' : ''
  const reason = lastConnectError === undefined ? '' : `. Last attempt: ${lastConnectError.message}`
  return new AcquireTimeoutError(
    `no connection for purpose '${purpose}' from pool '${pool}' within ${String(Math.round(timeoutMs))} ms: ${counts.join(', ')}${suspended}${reason}`,
    snapshotOf(stats),
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
