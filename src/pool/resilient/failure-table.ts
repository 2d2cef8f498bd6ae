import { assertNever } from '../../core/assert-never'
import { driverFailures } from './driver-failures'
import type {
  ClassRule,
  FailureClass,
  FailureContext,
  FailurePhase,
  FailureRow,
  FailureVerdict,
} from './failure-row'
import { ownFailures } from './own-failures'
import { poolerFailures } from './pooler-failures'
import { serverFailures } from './server-failures'
import { statementFailures } from './statement-failures'

export type { FailureContext, FailureRow, FailureVerdict } from './failure-row'

const unrecognised: FailureRow = {
  id: 'unrecognised',
  failureClass: 'unrecognised',
  losesConnection: true,
  countsForBreaker: true,
  example: { phase: 'statement', message: 'something that nobody has seen yet' },
  meaning: 'Not an answer of the server; taken for the worst that it can mean.',
}

/** Every failure that the pool tells apart. The first row that matches is the answer; the last one matches all. */
export const failureTable: readonly FailureRow[] = [
  ...ownFailures,
  ...driverFailures,
  ...poolerFailures,
  ...serverFailures,
  ...statementFailures,
  unrecognised,
]

/** Wrappers of other libraries around an error that we know; deeper than this nobody wraps. */
const deepestCause = 5

/** What an error means, where it came from, and what to do about it. Pure; never throws, whatever was thrown. */
export function classifyFailure(error: unknown, context: FailureContext): FailureVerdict {
  const { row, facts } = findRow(error, context)
  const verdict = judge(row, facts, context)
  const notice = context.notice === undefined ? undefined : findNoticeRow(context.notice)
  if (row.failureClass !== 'lost' || notice === undefined) return verdict
  // The connection broke without a word, yet the server had said why. What happened to the work is as unknown as without.
  return {
    ...verdict,
    countsForBreaker: notice.countsForBreaker === true,
    action: notice.action ?? 'none',
  }
}

/** The row that an error falls under: for reports, and for what a user should know. */
export function failureRowOf(error: unknown, context: FailureContext): FailureRow {
  return findRow(error, context).row
}

interface ErrorFacts {
  readonly code: string
  readonly message: string
  readonly severity: string | undefined
  readonly cause: unknown
  readonly isRetryable: unknown
}

function findRow(
  error: unknown,
  context: FailureContext,
  depth = 0,
): { readonly row: FailureRow; readonly facts: ErrorFacts } {
  const facts = readFacts(error)
  const row = failureTable.find((candidate) => matches(candidate, facts, context)) ?? unrecognised
  if (row !== unrecognised || facts.cause === undefined || depth >= deepestCause) return { row, facts }
  const inner = findRow(facts.cause, context, depth + 1)
  return inner.row === unrecognised ? { row, facts } : inner
}

function findNoticeRow(code: string): FailureRow | undefined {
  const facts = { code, message: '', severity: 'FATAL', cause: undefined, isRetryable: undefined }
  return serverFailures.find((row) => row.losesConnection === true && matches(row, facts, { phase: 'idle' }))
}

function readFacts(error: unknown): ErrorFacts {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>
  const { code, message, severity, cause, isRetryable } = fields
  const text = typeof message === 'string' ? message : ''
  // Node's error for several addresses carries the code of the first; a message it has not.
  if (typeof code !== 'string' && Array.isArray(fields.errors) && fields.errors.length > 0) {
    return readFacts(fields.errors[0])
  }
  return {
    code: typeof code === 'string' ? code : '',
    message: typeof error === 'string' ? error : text,
    severity: typeof severity === 'string' ? severity : undefined,
    cause,
    isRetryable,
  }
}

function matches(row: FailureRow, facts: ErrorFacts, context: FailureContext): boolean {
  const { codes, message, severity, phases } = row
  if (codes !== undefined && !(codes instanceof RegExp ? codes.test(facts.code) : codes.includes(facts.code)))
    return false
  if (message?.test(facts.message) === false) return false
  if (phases?.includes(context.phase) === false) return false
  if (severity === 'fatal' && !isFatal(facts.severity, context.phase)) return false
  if (severity === 'not-error' && facts.severity === 'ERROR') return false
  if (row.isFromServer === true && !isServerError(facts)) return false
  if (row.isUnlessReadOnly === true && context.isReadOnly === true) return false
  return row !== unrecognised
}

/** Without a severity: outside of a statement a server speaks only to end the session. */
function isFatal(severity: string | undefined, phase: FailurePhase): boolean {
  if (severity === undefined) return phase === 'connect' || phase === 'idle'
  return severity === 'FATAL' || severity === 'PANIC'
}

function isServerError({ code, severity }: ErrorFacts): boolean {
  return severity !== undefined || /^(?=.*\d)[0-9A-Z]{5}$/.test(code)
}

function judge(row: FailureRow, facts: ErrorFacts, context: FailureContext): FailureVerdict {
  const own: FailureVerdict = {
    failureClass: row.failureClass === 'by-cause' ? byCause(facts) : classOf(row.failureClass, context),
    losesConnection: row.losesConnection === true || context.phase === 'connect',
    countsForBreaker: row.countsForBreaker === true,
    action: row.action ?? 'none',
  }
  if (row.failureClass !== 'by-cause' || facts.cause === undefined || !own.countsForBreaker) return own
  const { countsForBreaker, action } = classifyFailure(facts.cause, { phase: 'connect' })
  return { ...own, countsForBreaker, action }
}

/** Nothing was executed; whether it is worth trying again, the cause of the failed connect knows. */
function byCause({ cause, isRetryable }: ErrorFacts): FailureClass {
  if (cause !== undefined) {
    const { failureClass } = classifyFailure(cause, { phase: 'connect' })
    if (failureClass === 'permanent') return 'permanent'
  }
  return isRetryable === false ? 'permanent' : 'not-executed'
}

function classOf(rule: Exclude<ClassRule, 'by-cause'>, context: FailureContext): FailureClass {
  const { phase, isInTransaction = false } = context
  switch (rule) {
    case 'lost':
      if (phase === 'commit') return 'outcome-unknown'
      if (isInTransaction) return 'retry-transaction'
      return phase === 'statement' ? 'outcome-unknown' : 'not-executed'
    case 'ended':
      if (phase === 'commit') return 'outcome-unknown'
      return phase === 'statement' || isInTransaction ? 'retry-transaction' : 'not-executed'
    case 'not-sent':
      return phase === 'commit' || isInTransaction ? 'retry-transaction' : 'not-executed'
    case 'unrecognised':
      return phase === 'commit' || phase === 'statement' ? 'outcome-unknown' : 'not-executed'
    case 'not-executed':
    case 'wrong-node':
    case 'retry-transaction':
    case 'permanent':
    case 'outcome-unknown':
    case 'caller':
      return rule
    default:
      return assertNever(rule)
  }
}
