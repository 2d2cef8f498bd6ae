import type { Clock } from '../core/clock'

export interface PollOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly intervalMs?: number
}

/**
 * Asks `check` again and again until it answers true.
 *
 * @returns true as soon as it did; false when `timeoutMs` passed first. What `check` throws ends the wait.
 */
export async function pollUntil(
  check: () => boolean | Promise<boolean>,
  options: PollOptions,
): Promise<boolean> {
  const { clock, timeoutMs, intervalMs = 10 } = options
  const deadline = clock.now() + timeoutMs
  for (;;) {
    if (await check()) return true
    if (clock.now() >= deadline) return false
    await new Promise<void>((resolve) => clock.setTimer(resolve, intervalMs))
  }
}
