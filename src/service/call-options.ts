import { InvalidOptionError } from '../core/errors'
import { checkOptions, isRecord, type OptionRule } from '../core/options'
import type { AcquireOptions, TransactionOptions } from './connection-service'

const isSignal: OptionRule = (value) =>
  typeof (value as Partial<AbortSignal> | null)?.addEventListener === 'function' || 'an AbortSignal'

/** What an acquire may be told; values that have a check of their own are left to it. */
const acquireRules: Readonly<Record<keyof AcquireOptions, OptionRule>> = {
  database: () => true,
  timeoutMs: () => true,
  signal: isSignal,
  readOnly: () => true,
  target: () => true,
}

const transactionRules: Readonly<Record<keyof TransactionOptions, OptionRule>> = {
  ...acquireRules,
  isolation: () => true,
}

/** Of `withTransaction`. @throws InvalidOptionError */
export function checkTransactionOptions(options: TransactionOptions): void {
  checkOptions('', options, transactionRules)
}

/**
 * A `timeout` that should have been `timeoutMs` would have no effect, and nobody would notice.
 *
 * @throws InvalidOptionError with the nearest known name
 */
export function checkAcquireOptions(options: AcquireOptions): void {
  for (const key in options) {
    if (key === 'signal' || !Object.hasOwn(acquireRules, key)) {
      checkOptions('', options, acquireRules)
      return
    }
  }
}

/** @throws InvalidOptionError when `work` is no function, such as when it was given in the place of the purpose */
export function requireWork(work: unknown): void {
  if (typeof work !== 'function')
    throw new InvalidOptionError('work', work, 'a function, as the second argument behind the purpose')
}

/**
 * `pg`'s form with a callback: the driver would call it, and the promise would never know of an answer.
 *
 * @throws InvalidOptionError
 */
export function refuseCallback(statement: unknown, values: unknown): void {
  const callback = typeof values === 'function' ? values : callbackOf(statement)
  if (typeof callback === 'function')
    throw new InvalidOptionError('callback', callback, 'nothing: query() answers with a promise')
}

/** A submittable keeps its own: it tells its end by events as well. */
function callbackOf(statement: unknown): unknown {
  if (!isRecord(statement) || statement['submit'] !== undefined) return undefined
  return statement['callback']
}
