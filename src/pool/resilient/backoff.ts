import type { Random } from '../../core/random'

export interface BackoffSettings {
  /** Milliseconds after the first failure, before the spread. */
  readonly initialMs: number
  /** Milliseconds that the pause never exceeds. */
  readonly maxMs: number
  /** What each further failure multiplies the pause by. */
  readonly factor: number
  /** The part of the pause that is left to chance, from 0 to 1. */
  readonly jitter: number
}

/**
 * `maxMs` is short on purpose. A host that is promoted or restarted has to be found within 500 ms, and one attempt every 250 ms
 * burdens no server; when an outage lasts, the breaker takes over. Half of the pause is left to chance ("equal jitter"): processes that
 * failed together come back apart, and none comes back at once.
 */
export const defaultBackoffSettings: BackoffSettings = { initialMs: 25, maxMs: 250, factor: 2, jitter: 0.5 }

/**
 * Milliseconds to wait before trying again.
 *
 * @param attempt how many attempts have failed in a row, from 1
 */
export function nextDelayMs(
  attempt: number,
  random: Random,
  settings: BackoffSettings = defaultBackoffSettings,
): number {
  const { initialMs, maxMs, factor, jitter } = settings
  const pauseMs = Math.min(maxMs, initialMs * factor ** Math.max(0, attempt - 1))
  return pauseMs * (1 - jitter + jitter * random())
}
