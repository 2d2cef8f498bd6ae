import type { Clock } from '../../core/clock'
import { AcquireAbortedError, AcquireTimeoutError } from '../../core/errors'
import { onAbort } from '../../core/on-abort'
import type { BackendLease, BackendRequest } from './legacy-backend'
import { toError } from './to-error'

/**
 * Waits for `start()` no longer than the request allows. The old managers cannot cancel an acquire, so a lease that comes
 * too late is given back to where it came from: nothing is lost.
 *
 * @throws AcquireTimeoutError, AcquireAbortedError; what `start` rejects with passes through.
 */
export function boundedAcquire(
  kind: string,
  start: () => Promise<BackendLease>,
  request: BackendRequest,
  clock: Clock,
): Promise<BackendLease> {
  const { signal, timeoutMs } = request
  if (signal?.aborted === true) return Promise.reject(abortedError(kind, signal))
  if (signal === undefined && timeoutMs === undefined) return start()
  return new Promise((resolve, reject) => {
    let isOver = false
    const giveUp = (error: Error): void => {
      isOver = true
      stopWaiting()
      reject(error)
    }
    const timer =
      timeoutMs === undefined
        ? undefined
        : clock.setTimer(() => {
            giveUp(timeoutError(kind, timeoutMs))
          }, timeoutMs)
    const stopWaiting = (): void => {
      if (timer !== undefined) clock.clearTimer(timer)
      stopListening()
    }
    const stopListening = onAbort(signal, () => {
      giveUp(abortedError(kind, signal))
    })
    start().then(
      (lease) => {
        if (isOver) {
          giveBackLate(lease)
          return
        }
        stopWaiting()
        resolve(lease)
      },
      (error: unknown) => {
        if (isOver) return
        stopWaiting()
        reject(toError(error))
      },
    )
  })
}

/** Nobody waits for the lease any more, and nobody is left to tell when the manager refuses to take it back. */
function giveBackLate(lease: BackendLease): void {
  try {
    Promise.resolve(lease.release()).catch(ignoreLateFailure)
  } catch (error) {
    ignoreLateFailure(error)
  }
}

function ignoreLateFailure(error: unknown): void {
  process.emitWarning(`a late connection could not be given back to the legacy manager: ${String(error)}`)
}

export function abortedError(kind: string, signal: AbortSignal | undefined): AcquireAbortedError {
  return new AcquireAbortedError(`the wait for a connection of the ${kind} was aborted`, {
    cause: signal?.reason,
  })
}

export function timeoutError(kind: string, timeoutMs: number): AcquireTimeoutError {
  return new AcquireTimeoutError(`no connection of the ${kind} within ${Math.round(timeoutMs)} ms`, undefined)
}
