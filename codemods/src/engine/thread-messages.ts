import type { CodemodErrorCode } from '../project/codemod-error'
import { CodemodError } from '../project/codemod-error'
import type { PackageFindings, PackageRequest, RunContext } from './run-package'

/** What a thread is told: once what holds for the whole run, then one package after the other. */
export type ThreadTask =
  | { readonly kind: 'begin'; readonly context: RunContext }
  | {
      readonly kind: 'package'
      readonly position: number
      /** Of the whole run. */
      readonly isLast: boolean
      readonly request: PackageRequest
    }

/** A thread's answer to a task. */
export type ThreadAnswer =
  | { readonly kind: 'done'; readonly position: number; readonly findings: PackageFindings }
  | { readonly kind: 'failed'; readonly position: number; readonly failure: ThreadFailure }

/** An error as plain data: classes do not survive the way between threads. */
export interface ThreadFailure {
  readonly message: string
  readonly stack?: string
  readonly known?: {
    readonly code: CodemodErrorCode
    readonly details: readonly string[]
    readonly hint: string
  }
}

export function toFailure(cause: unknown): ThreadFailure {
  if (cause instanceof CodemodError) {
    const { code, details, hint, message } = cause
    return { message, known: { code, details, hint } }
  }
  if (!(cause instanceof Error)) return { message: String(cause) }
  return { message: cause.message, ...(cause.stack === undefined ? {} : { stack: cause.stack }) }
}

export function fromFailure({ message, stack, known }: ThreadFailure): Error {
  if (known !== undefined) return new CodemodError(known.code, message, known.details, { hint: known.hint })
  const error = new Error(message)
  if (stack !== undefined) error.stack = stack
  return error
}

/** Bytes come out of another thread as plain arrays. */
export function withBuffers(findings: PackageFindings): PackageFindings {
  const toBuffer = (bytes: Uint8Array | null): Buffer | null =>
    bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    ...findings,
    changes: findings.changes.map((change) => ({
      ...change,
      before: toBuffer(change.before),
      after: toBuffer(change.after),
    })),
  }
}
