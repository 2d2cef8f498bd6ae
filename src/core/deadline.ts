import type { Clock } from './clock'

/**
 * Settles as `promise` does, or rejects with what `makeError` makes after `timeoutMs`. A late answer of `promise` is
 * ignored, its late rejection too.
 */
export function withDeadline<T>(
  promise: Promise<T>,
  { clock, timeoutMs, makeError }: { clock: Clock; timeoutMs: number; makeError: () => Error },
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimer(() => {
      reject(makeError())
    }, timeoutMs)
    promise.then(resolve, reject).finally(() => {
      clock.clearTimer(timer)
    })
  })
}
