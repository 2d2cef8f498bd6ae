import type { FailureRow } from './failure-row'

/** Answers of the server to a statement, by SQLSTATE; the session goes on. What ends the session has been looked for before. */
export const statementFailures: readonly FailureRow[] = [
  {
    id: 'serialization-failure',
    codes: ['40001', '40P01'],
    failureClass: 'retry-transaction',
    example: {
      code: '40001',
      severity: 'ERROR',
      phase: 'statement',
      message: 'could not serialize access due to concurrent update',
    },
    meaning:
      'Two transactions were in the way of each other; this one is undone. Run it again from its start.',
  },
  {
    id: 'statement-cancelled',
    codes: ['57014'],
    failureClass: 'caller',
    example: {
      code: '57014',
      severity: 'ERROR',
      phase: 'statement',
      message: 'canceling statement due to statement timeout',
    },
    meaning: 'A timeout or a cancel ended the statement; the connection is well.',
  },
  {
    id: 'lock-not-available',
    codes: ['55P03'],
    failureClass: 'caller',
    example: {
      code: '55P03',
      severity: 'ERROR',
      phase: 'statement',
      message: 'canceling statement due to lock timeout',
    },
    meaning: 'Somebody else holds the lock; whether to wait again is for the caller to say.',
  },
  {
    id: 'disk-full',
    codes: ['53100'],
    failureClass: 'caller',
    example: {
      code: '53100',
      severity: 'ERROR',
      phase: 'statement',
      message: 'could not extend file: No space left on device',
    },
    meaning: 'The server has no room for the data; reading goes on, and the connection is well.',
  },
  {
    id: 'lost-session-state',
    codes: ['26000', '42P05', '34000'],
    failureClass: 'caller',
    example: {
      code: '26000',
      severity: 'ERROR',
      phase: 'statement',
      message: 'prepared statement "q1" does not exist',
    },
    meaning:
      'Behind a pooler in transaction mode: what a session keeps was left on another server connection. Never repeated.',
  },
  {
    id: 'sql-error',
    isFromServer: true,
    failureClass: 'caller',
    example: {
      code: '23505',
      severity: 'ERROR',
      phase: 'statement',
      message: 'duplicate key value violates unique constraint',
    },
    meaning: 'An answer to the statement; the connection is well.',
  },
]
