import {
  AcquireTimeoutError,
  ConnectFailedError,
  LeaseEndedError,
  OutcomeUnknownError,
  PoolClosedError,
  RollbackFailedError,
} from '../../../../src/core/errors'
import {
  classifyFailure,
  failureRowOf,
  failureTable,
  type FailureContext,
} from '../../../../src/pool/resilient/failure-table'

const statement: FailureContext = { phase: 'statement' }
const connect: FailureContext = { phase: 'connect' }
const idle: FailureContext = { phase: 'idle' }
const commit: FailureContext = { phase: 'commit' }
const inTransaction: FailureContext = { phase: 'statement', isInTransaction: true }

function failure(message: string, code?: string, severity?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code }, severity && { severity })
}

/** class, connection (kept or lost), breaker (counts or not), action */
type Row = readonly [Error, FailureContext, string, 'kept' | 'lost', 'counts' | 'no', string?]

const expectations: Readonly<Record<string, Row>> = {
  'standby-conflict': [failure('conflict', '40001', 'FATAL'), idle, 'retry-transaction', 'lost', 'no'],
  'serialization-failure': [failure('x', '40P01', 'ERROR'), statement, 'retry-transaction', 'kept', 'no'],
  'completion-unknown': [failure('x', '08007', 'ERROR'), commit, 'outcome-unknown', 'lost', 'no'],
  'write-on-standby': [failure('x', '25006', 'ERROR'), statement, 'wrong-node', 'kept', 'no', 'recheck-role'],
  'refused-during-recovery': [
    failure('cannot set transaction read-write mode during recovery', '0A000', 'ERROR'),
    statement,
    'wrong-node',
    'kept',
    'no',
    'recheck-role',
  ],
  'too-many-connections': [
    failure('full', '53300', 'FATAL'),
    connect,
    'not-executed',
    'lost',
    'no',
    'shrink',
  ],
  'login-refused': [
    failure('no', '28000', 'FATAL'),
    connect,
    'permanent',
    'lost',
    'no',
    'refresh-credentials',
  ],
  'no-such-database': [failure('no', '3D000', 'FATAL'), connect, 'permanent', 'lost', 'no'],
  'server-shutdown': [
    failure('x', '57P01', 'FATAL'),
    statement,
    'retry-transaction',
    'lost',
    'counts',
    'recheck-role',
  ],
  'cannot-connect-now': [failure('x', '57P03', 'FATAL'), connect, 'not-executed', 'lost', 'counts'],
  'session-timeout': [failure('x', '57P05', 'FATAL'), idle, 'not-executed', 'lost', 'no'],
  'login-timeout': [failure('x', '57014', 'FATAL'), connect, 'not-executed', 'lost', 'counts'],
  'startup-refused': [failure('x', '22023', 'FATAL'), connect, 'permanent', 'lost', 'no'],
  'connection-exception': [failure('x', '08006'), statement, 'outcome-unknown', 'lost', 'counts'],
  'other-fatal': [failure('x', 'XX000', 'PANIC'), statement, 'retry-transaction', 'lost', 'counts'],
  'statement-cancelled': [failure('x', '57014', 'ERROR'), statement, 'caller', 'kept', 'no'],
  'lock-not-available': [failure('x', '55P03', 'ERROR'), statement, 'caller', 'kept', 'no'],
  'disk-full': [failure('x', '53100', 'ERROR'), statement, 'caller', 'kept', 'no'],
  'lost-session-state': [failure('x', '42P05', 'ERROR'), statement, 'caller', 'kept', 'no'],
  'sql-error': [failure('x', '23505', 'ERROR'), statement, 'caller', 'kept', 'no'],
  'pooler-login-refused': [
    failure('SASL authentication failed', '08P01', 'FATAL'),
    connect,
    'permanent',
    'lost',
    'no',
    'refresh-credentials',
  ],
  'pooler-refuses-parameter': [
    failure('no such database: x', '08P01', 'ERROR'),
    connect,
    'permanent',
    'lost',
    'no',
  ],
  'pooler-full': [
    failure('no more connections allowed', '08P01', 'ERROR'),
    connect,
    'not-executed',
    'lost',
    'no',
    'shrink',
  ],
  'pooler-wait-timeout': [
    failure('query_wait_timeout', '08P01', 'FATAL'),
    statement,
    'not-executed',
    'lost',
    'no',
  ],
  'pooler-without-server': [
    failure('server login has been failing', '08P01', 'FATAL'),
    connect,
    'not-executed',
    'lost',
    'counts',
  ],
  'pooler-timeout': [failure('query_timeout', '08P01', 'FATAL'), statement, 'outcome-unknown', 'lost', 'no'],
  'pooler-lost-server': [
    failure('server conn crashed?', '08P01', 'FATAL'),
    statement,
    'outcome-unknown',
    'lost',
    'counts',
  ],
  'connection-refused': [failure('x', 'ECONNREFUSED'), connect, 'not-executed', 'lost', 'counts'],
  'host-not-found': [failure('x', 'EAI_AGAIN'), connect, 'not-executed', 'lost', 'counts'],
  'no-socket-file': [failure('connect ENOENT /x', 'ENOENT'), connect, 'not-executed', 'lost', 'counts'],
  'file-unreadable': [failure('ENOENT: no such file, open', 'ENOENT'), connect, 'permanent', 'lost', 'no'],
  'out-of-sockets': [failure('x', 'EMFILE'), connect, 'not-executed', 'lost', 'no', 'shrink'],
  'network-failure': [failure('x', 'EPIPE'), statement, 'outcome-unknown', 'lost', 'counts'],
  'certificate-refused': [failure('x', 'SELF_SIGNED_CERT_IN_CHAIN'), connect, 'permanent', 'lost', 'no'],
  'tls-handshake': [failure('x', 'EPROTO'), connect, 'permanent', 'lost', 'no'],
  'no-tls': [failure('The server does not support SSL connections'), connect, 'permanent', 'lost', 'no'],
  'tls-refused-for-now': [
    failure('There was an error establishing an SSL connection'),
    connect,
    'not-executed',
    'lost',
    'counts',
  ],
  'password-missing-or-wrong': [
    failure('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string'),
    connect,
    'permanent',
    'lost',
    'no',
    'refresh-credentials',
  ],
  'login-method': [
    failure('SASL: Only mechanism(s) SCRAM-SHA-256 are supported'),
    connect,
    'permanent',
    'lost',
    'no',
  ],
  'connect-timeout': [failure('timeout expired'), connect, 'not-executed', 'lost', 'counts'],
  'pg-pool-timeout': [
    failure('timeout exceeded when trying to connect'),
    statement,
    'not-executed',
    'kept',
    'no',
  ],
  'connection-lost': [
    failure('Connection terminated unexpectedly'),
    statement,
    'outcome-unknown',
    'lost',
    'counts',
  ],
  'connection-closed-here': [failure('Connection terminated'), statement, 'outcome-unknown', 'lost', 'no'],
  'client-unusable': [
    failure('Client has encountered a connection error and is not queryable'),
    statement,
    'not-executed',
    'lost',
    'no',
  ],
  'read-timeout': [failure('Query read timeout'), statement, 'outcome-unknown', 'lost', 'no'],
  misuse: [
    failure('A query must have either text or a name. Supplying neither is unsupported.'),
    statement,
    'caller',
    'kept',
    'no',
  ],
  'own-connect-failed': [
    new ConnectFailedError('x', { cause: failure('x', '28P01', 'FATAL'), isRetryable: false }),
    statement,
    'permanent',
    'lost',
    'no',
    'refresh-credentials',
  ],
  'own-no-connection': [new AcquireTimeoutError('x', undefined), statement, 'not-executed', 'kept', 'no'],
  'own-pool-closed': [new PoolClosedError('x'), statement, 'permanent', 'kept', 'no'],
  'own-outcome-unknown': [new OutcomeUnknownError('x'), commit, 'outcome-unknown', 'lost', 'no'],
  'own-sent-statement': [failure('x', 'QUERY_TIMEOUT'), statement, 'outcome-unknown', 'kept', 'no'],
  'own-rollback-failed': [
    new RollbackFailedError('x', undefined, { cause: failure('x', '23505', 'ERROR') }),
    statement,
    'caller',
    'lost',
    'no',
  ],
  'own-misuse': [new LeaseEndedError('x'), statement, 'caller', 'kept', 'no'],
  unrecognised: [failure('nobody has seen this'), statement, 'outcome-unknown', 'lost', 'counts'],
}

test('every row of the table is expected here, and has an id of its own', () => {
  expect(failureTable.map(({ id }) => id).sort()).toEqual(Object.keys(expectations).sort())
})

test.each(Object.entries(expectations))(
  '%s: the verdict is as expected',
  (_id, [error, context, failureClass, connection, breaker, action]) => {
    expect(classifyFailure(error, context)).toEqual({
      failureClass,
      losesConnection: connection === 'lost',
      countsForBreaker: breaker === 'counts',
      action: action ?? 'none',
    })
  },
)

test.each(Object.entries(expectations))('%s: the row is found', (id, [error, context]) => {
  expect(failureRowOf(error, context).id).toBe(id)
})

test.each(failureTable.map((row) => [row.id, row] as const))(
  '%s: its own example falls under it, and its meaning is a sentence',
  (id, { example: { phase, ...error }, meaning }) => {
    expect(failureRowOf(error, { phase }).id).toBe(id)
    expect(meaning).toMatch(/^[A-Z`].*\.$/)
  },
)

const brokenOff = failure('Connection terminated unexpectedly')
const terminated = failure('terminating connection due to administrator command', '57P01', 'FATAL')
const unusable = failure('Client was closed and is not queryable')

test.each([
  ['a broken connection', connect, 'not-executed', brokenOff],
  ['a broken connection', idle, 'not-executed', brokenOff],
  ['a broken connection', statement, 'outcome-unknown', brokenOff],
  ['a broken connection', inTransaction, 'retry-transaction', brokenOff],
  ['a broken connection', { phase: 'idle', isInTransaction: true }, 'retry-transaction', brokenOff],
  ['a broken connection', commit, 'outcome-unknown', brokenOff],
  ['a broken connection', { phase: 'commit', isInTransaction: true }, 'outcome-unknown', brokenOff],
  ['a session ended by the server', connect, 'not-executed', terminated],
  ['a session ended by the server', idle, 'not-executed', terminated],
  ['a session ended by the server', statement, 'retry-transaction', terminated],
  [
    'a session ended by the server',
    { phase: 'idle', isInTransaction: true },
    'retry-transaction',
    terminated,
  ],
  ['a session ended by the server', commit, 'outcome-unknown', terminated],
  ['a client that sends no more', statement, 'not-executed', unusable],
  ['a client that sends no more', inTransaction, 'retry-transaction', unusable],
  ['a client that sends no more', commit, 'retry-transaction', unusable],
  ['something unheard of', connect, 'not-executed', failure('?')],
  ['something unheard of', idle, 'not-executed', failure('?')],
  ['something unheard of', inTransaction, 'outcome-unknown', failure('?')],
  ['something unheard of', commit, 'outcome-unknown', failure('?')],
] as const)('%s in %j is %s', (_what, context, failureClass, error) => {
  expect(classifyFailure(error, context)).toMatchObject({ failureClass, losesConnection: true })
})

test('the last words of a server that stops at once do not tell what became of the work, but why', () => {
  expect(classifyFailure(brokenOff, { phase: 'statement', notice: '57P02' })).toEqual({
    failureClass: 'outcome-unknown',
    losesConnection: true,
    countsForBreaker: true,
    action: 'recheck-role',
  })
  expect(classifyFailure(brokenOff, { phase: 'idle', notice: '57P05' })).toEqual({
    failureClass: 'not-executed',
    losesConnection: true,
    countsForBreaker: false,
    action: 'none',
  })
  expect(classifyFailure(brokenOff, { phase: 'idle', notice: 'nonsense' }).countsForBreaker).toBe(true)
  const answer = classifyFailure(failure('x', '23505', 'ERROR'), { phase: 'statement', notice: '57P01' })
  expect(answer).toMatchObject({ failureClass: 'caller', action: 'none' })
})

test("a write that a read-only session refuses is the borrower's own", () => {
  const refused = failure('cannot execute INSERT in a read-only transaction', '25006', 'ERROR')
  expect(classifyFailure(refused, { phase: 'statement', isReadOnly: true })).toMatchObject({
    failureClass: 'caller',
    action: 'none',
  })
})

test.each([
  ['57P01', 'caller'],
  ['53300', 'caller'],
  ['28P01', 'caller'],
  ['3D000', 'caller'],
  ['08001', 'caller'],
])(
  '%s that reached the server from another one is an answer, and the connection is well',
  (code, failureClass) => {
    expect(classifyFailure(failure('could not connect to server "x"', code, 'ERROR'), statement)).toEqual({
      failureClass,
      losesConnection: false,
      countsForBreaker: false,
      action: 'none',
    })
  },
)

test('a severity in another language is not mistaken for the end of the session of an SQL error', () => {
  expect(classifyFailure(failure('x', '23505', 'FEHLER'), statement).losesConnection).toBe(false)
  expect(classifyFailure(failure('x', '57P01', 'VAZHNO'), statement).losesConnection).toBe(true)
})

test("a state of the user's own, without figures, is an answer of the server", () => {
  expect(failureRowOf(failure('mine', 'OOPSY', 'ERROR'), statement).id).toBe('sql-error')
  expect(failureRowOf(failure('EPERM', 'EPERM'), statement).id).toBe('unrecognised')
})

test.each(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ECONNRESET'])(
  '%s while connecting has executed nothing and speaks against the host',
  (code) => {
    expect(classifyFailure(failure('connect', code), connect)).toMatchObject({
      failureClass: 'not-executed',
      countsForBreaker: true,
    })
  },
)

test.each([
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'INVALID_CA',
])('%s is not tried again', (code) => {
  expect(classifyFailure(failure('certificate', code), connect).failureClass).toBe('permanent')
})

test.each([
  'timeout expired',
  'Connection terminated due to connection timeout',
  'it gave no answer within connectTimeoutMs (5000 ms)',
])('"%s" is a host that gave no answer', (message) => {
  expect(failureRowOf(failure(message), connect).id).toBe('connect-timeout')
})

test.each([
  ['bind message supplies 1 parameters, but prepared statement "" requires 2', 'sql-error'],
  ['prepared statement did not exist', 'sql-error'],
  ['no such user: app', 'pooler-login-refused'],
  ['unsupported startup parameter in options: search_path', 'pooler-refuses-parameter'],
  ['pgbouncer cannot connect to server', 'pooler-without-server'],
  ['client_idle_timeout', 'pooler-timeout'],
])('08P01 is told apart by its message: %s', (message, id) => {
  expect(failureRowOf(failure(message, '08P01', 'ERROR'), statement).id).toBe(id)
})

test('a failure at several addresses of a host has the code of the first when it has none of its own', () => {
  const refused = failure('connect ECONNREFUSED ::1:5432', 'ECONNREFUSED')
  const withCode = Object.assign(new AggregateError([refused, refused]), { code: 'ECONNREFUSED' })
  expect(failureRowOf(withCode, connect).id).toBe('connection-refused')
  expect(failureRowOf(new AggregateError([refused]), connect).id).toBe('connection-refused')
  expect(failureRowOf(new AggregateError([]), connect).id).toBe('unrecognised')
})

test('a known error is found inside the wrapper of another library', () => {
  const wrapped = new Error('Failed query: insert ...', {
    cause: new Error('again', { cause: failure('x', '40001', 'ERROR') }),
  })
  expect(classifyFailure(wrapped, statement)).toMatchObject({
    failureClass: 'retry-transaction',
    losesConnection: false,
  })
  expect(failureRowOf(new Error('a', { cause: new Error('b') }), statement).id).toBe('unrecognised')
  const circle = new Error('circle')
  circle.cause = circle
  expect(failureRowOf(circle, statement).id).toBe('unrecognised')
})

test('our own errors say what their cause says', () => {
  const refused = failure('connect', 'ECONNREFUSED')
  expect(classifyFailure(new ConnectFailedError('x', { cause: refused }), connect)).toEqual({
    failureClass: 'not-executed',
    losesConnection: true,
    countsForBreaker: true,
    action: 'none',
  })
  const full = failure('too many clients', '53300', 'FATAL')
  expect(classifyFailure(new ConnectFailedError('x', { cause: full }), connect)).toMatchObject({
    failureClass: 'not-executed',
    countsForBreaker: false,
    action: 'shrink',
  })
  const wrongPassword = failure('x', '28P01', 'FATAL')
  const timeout = new AcquireTimeoutError('x', undefined, [], { cause: wrongPassword })
  expect(classifyFailure(timeout, statement)).toMatchObject({
    failureClass: 'permanent',
    countsForBreaker: false,
    action: 'none',
  })
  const withoutCause = new ConnectFailedError('x', { isRetryable: false })
  expect(classifyFailure(withoutCause, connect).failureClass).toBe('permanent')
})

test('whatever was thrown, there is a verdict', () => {
  for (const thrown of [undefined, null, 7, 'timeout expired', {}, { code: 7, message: {} }, []]) {
    expect(classifyFailure(thrown, commit).losesConnection).toBe(true)
  }
  expect(failureRowOf('timeout expired', connect).id).toBe('connect-timeout')
})
