import {
  AcquireAbortedError,
  AcquireTimeoutError,
  OutcomeUnknownError,
  QueryAbortedError,
  QueryTimeoutError,
} from '../../core/errors'
import { isServerError } from '../../pool/pg-driver-query'

/** How far a statement had come when its caller's patience or its connection ended. */
export interface StatementProgress {
  readonly isSent: boolean
  readonly isReadOnly: boolean
}

/** The caller's signal has ended it; `cause` is the signal's reason. */
export function createAbortedError(
  signal: AbortSignal,
  progress: StatementProgress,
): AcquireAbortedError | QueryAbortedError {
  const options = { cause: signal.reason as unknown }
  if (!progress.isSent)
    return new AcquireAbortedError(
      'the AbortSignal of the caller ended the wait for a connection; the statement was not sent',
      options,
    )
  return new QueryAbortedError(
    `the AbortSignal of the caller ended the statement; ${describeSent(progress)}`,
    options,
  )
}

/** `timeoutMs` have passed without an answer. */
export function createLateError(
  timeoutMs: number,
  progress: StatementProgress,
): AcquireTimeoutError | QueryTimeoutError {
  const within = `within ${String(Math.round(timeoutMs))} ms`
  if (!progress.isSent)
    return new AcquireTimeoutError(`no connection for a statement ${within}; it was not sent`, undefined)
  return new QueryTimeoutError(`no answer to a statement ${within}; ${describeSent(progress)}`)
}

/** The connection was lost under a statement that had been sent: SQL that only reads may simply be asked again. */
export function createLostError(cause: unknown, isReadOnly: boolean): unknown {
  if (isReadOnly) return cause
  return new OutcomeUnknownError(
    'the connection was lost after the statement had been sent: whether it took effect is unknown',
    { cause },
  )
}

function describeSent({ isReadOnly }: StatementProgress): string {
  const sent = 'it had been sent, and the server is asked to cancel it'
  return isReadOnly ? sent : `${sent}: whether it took effect is unknown`
}

/** SQLSTATEs of the class "the server ends this session"; the severity itself comes in the server's language. */
const endsSession = /^(?:57P0[1-5]|08...|25P0[34])$/

/** Whether the server ended the session with this answer, or the connection was lost without one. */
export function isConnectionLoss(error: unknown): boolean {
  if (!isServerError(error)) return true
  return error.severity === 'FATAL' || error.severity === 'PANIC' || endsSession.test(error.code ?? '')
}
