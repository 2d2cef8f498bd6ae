import type { Connection } from '../core/connection'
import { isLeaseEnded } from '../core/connection-handle'
import {
  InvalidOptionError,
  LeaseEndedError,
  OutcomeUnknownError,
  RollbackFailedError,
  TransactionFailedError,
} from '../core/errors'
import { isOneOf } from '../core/options'
import { classifyFailure } from '../pool/resilient/failure-table'
import type { TransactionOptions } from './connection-service'

/** BEGIN, `work`, COMMIT; ROLLBACK when `work` throws. The connection stays the caller's. */
export async function runTransaction<T>(
  connection: Connection,
  work: (connection: Connection) => Promise<T>,
  options: Pick<TransactionOptions, 'isolation' | 'readOnly'> = {},
): Promise<T> {
  await connection.query(beginStatement(options))
  let result: T
  try {
    result = await work(connection)
  } catch (error) {
    await rollBack(connection, error)
    throw error
  }
  await commit(connection)
  return result
}

const isolationLevels: Readonly<Record<NonNullable<TransactionOptions['isolation']>, string>> = {
  'read committed': 'READ COMMITTED',
  'repeatable read': 'REPEATABLE READ',
  serializable: 'SERIALIZABLE',
}

function beginStatement({ isolation, readOnly }: Pick<TransactionOptions, 'isolation' | 'readOnly'>): string {
  const verdict = isolation === undefined || isOneOf(...Object.keys(isolationLevels))(isolation)
  // It becomes part of a statement.
  if (verdict !== true) throw new InvalidOptionError('isolation', isolation, verdict)
  const level = isolation === undefined ? '' : ` ISOLATION LEVEL ${isolationLevels[isolation]}`
  const access = readOnly === undefined ? '' : readOnly ? ' READ ONLY' : ' READ WRITE'
  return `BEGIN${level}${access}`
}

async function rollBack(connection: Connection, cause: unknown): Promise<void> {
  // Given back by `work` itself: whoever took it back has rolled back, and the error of `work` is the news.
  if (isLeaseEnded(connection)) return
  try {
    await connection.query('ROLLBACK')
  } catch (rollbackError) {
    connection.discard(rollbackError)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new RollbackFailedError(
      `ROLLBACK failed after the transaction had failed (${reason}); the connection was closed, which rolls back as well`,
      rollbackError,
      { cause, isRetryable: isUndone(cause) },
    )
  }
}

/** Whether the work failed because its connection was lost, or its host was the wrong one: no fault of its own. */
function isUndone(cause: unknown): boolean {
  const { failureClass } = classifyFailure(cause, { phase: 'statement', isInTransaction: true })
  return ['retry-transaction', 'not-executed', 'wrong-node'].includes(failureClass)
}

async function commit(connection: Connection): Promise<void> {
  if (isLeaseEnded(connection)) {
    throw new LeaseEndedError(
      'the connection was given back inside the transaction, which was rolled back; withTransaction gives it back itself',
    )
  }
  let command: string
  try {
    ;({ command } = await connection.query('COMMIT'))
  } catch (error) {
    if (await isDefiniteRefusal(connection, error)) throw error
    connection.discard(error)
    throw new OutcomeUnknownError(
      'the connection was lost while COMMIT was under way: the transaction may or may not have taken effect',
      { cause: error },
    )
  }
  if (command === 'ROLLBACK') {
    throw new TransactionFailedError(
      'COMMIT was answered with ROLLBACK: a statement of the transaction had failed and its error was not passed on',
    )
  }
}

/**
 * An error of the server after which the session lives on is its definite no: it has rolled back. Anything else leaves
 * open what the server did. (`severity` would tell, were it not translated into the server's language.)
 */
async function isDefiniteRefusal(connection: Connection, error: unknown): Promise<boolean> {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return false
  try {
    await connection.query('')
    return true
  } catch {
    // The session is gone, and with it the certainty.
    return false
  }
}
