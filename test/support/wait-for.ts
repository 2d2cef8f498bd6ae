import { systemClock } from '../../src/core/clock'
import { pollUntil } from '../../src/testing/poll-until'

export interface WaitForOptions {
  /** Default 5000. */
  readonly timeoutMs?: number
  readonly intervalMs?: number
  /** What was waited for, for the message of the failure. */
  readonly what?: string
}

/** Resolves when `condition` holds; rejects with the time and the last answer when it does not come true. */
export async function waitFor(condition: () => unknown, options: WaitForOptions = {}): Promise<void> {
  const { timeoutMs = 5000, intervalMs = 10, what = condition.toString() } = options
  let last: unknown
  const check = async (): Promise<boolean> => {
    last = await condition()
    return Boolean(last)
  }
  if (await pollUntil(check, { clock: systemClock, timeoutMs, intervalMs })) return
  throw new Error(`waited ${timeoutMs} ms in vain for: ${what} (last answer: ${String(last)})`)
}
