import type { FailureRow } from './failure-row'

/** Our own errors, by `code`. They are made after the pool has judged what was behind them, so none counts a second time. */
export const ownFailures: readonly FailureRow[] = [
  {
    id: 'own-connect-failed',
    codes: ['CONNECT_FAILED'],
    failureClass: 'by-cause',
    losesConnection: true,
    countsForBreaker: true,
    example: { code: 'CONNECT_FAILED', phase: 'connect', message: 'could not connect to db:5432' },
    meaning: 'A connection could not be opened; its cause says why and whether another attempt may help.',
  },
  {
    id: 'own-no-connection',
    codes: ['ACQUIRE_TIMEOUT', 'POOL_SATURATED', 'CIRCUIT_OPEN', 'NO_ELIGIBLE_HOST', 'NESTED_ACQUIRE'],
    failureClass: 'by-cause',
    example: { code: 'ACQUIRE_TIMEOUT', phase: 'statement', message: 'no connection for purpose' },
    meaning: 'No connection was to be had, so nothing was executed.',
  },
  {
    id: 'own-pool-closed',
    codes: ['POOL_CLOSED'],
    failureClass: 'permanent',
    example: { code: 'POOL_CLOSED', phase: 'statement', message: 'pool is closed' },
    meaning: 'The pool was closed and stays closed.',
  },
  {
    id: 'own-outcome-unknown',
    codes: ['OUTCOME_UNKNOWN', 'IN_DOUBT'],
    failureClass: 'outcome-unknown',
    losesConnection: true,
    example: { code: 'OUTCOME_UNKNOWN', phase: 'commit', message: 'the connection was lost during COMMIT' },
    meaning: 'The work may or may not have taken effect; look before repeating it.',
  },
  {
    id: 'own-sent-statement',
    codes: ['QUERY_ABORTED', 'QUERY_TIMEOUT'],
    failureClass: 'outcome-unknown',
    example: { code: 'QUERY_TIMEOUT', phase: 'statement', message: 'no answer in time' },
    meaning:
      'The caller stopped waiting for a statement that was sent; unless it only reads, it may have taken effect.',
  },
  {
    id: 'own-rollback-failed',
    codes: ['ROLLBACK_FAILED'],
    failureClass: 'caller',
    losesConnection: true,
    example: { code: 'ROLLBACK_FAILED', phase: 'statement', message: 'ROLLBACK failed' },
    meaning: 'The connection was closed instead; the transaction is undone with it.',
  },
  {
    id: 'own-misuse',
    codes: [
      'ACQUIRE_ABORTED',
      'LEASE_ENDED',
      'FOREIGN_CONNECTION',
      'TRANSACTION_FAILED',
      'INVALID_OPTION',
      'PROXY_UNSAFE',
    ],
    failureClass: 'caller',
    example: { code: 'LEASE_ENDED', phase: 'statement', message: 'the connection was given back' },
    meaning: 'The caller gave up or has something to correct.',
  },
]
