import { inspect } from 'node:util'
import { LeaseEndedError } from '../../../src/core/errors'
import { sqlStateOf, toSafeError } from '../../../src/core/safe-error'

test('an error of the server is published without what may be a value', () => {
  const error = Object.assign(new Error('duplicate key (4711) violates constraint "users_email_key"'), {
    name: 'error',
    code: '23505',
    severity: 'ERROR',
    constraint: 'users_email_key',
    table: 'users',
    detail: 'Key (email)=(secret) already exists.',
    where: 'secret',
    internalQuery: 'secret',
  })
  const safe = toSafeError(error)
  expect(safe).toMatchObject({
    name: 'error',
    message: 'duplicate key (?) violates constraint ?',
    code: '23505',
    severity: 'ERROR',
    constraint: 'users_email_key',
    table: 'users',
  })
  expect(inspect(safe, { showHidden: true })).not.toContain('secret')
  expect(safe.stack).toBeUndefined()
})

test.each([
  ['invalid input syntax for type integer: "se"cret"', 'invalid input syntax for type integer: ?'],
  ['syntax error at or near "\'secret\'"', 'syntax error at or near ?'],
  ['Syntaxfehler bei »secret«', 'Syntaxfehler bei ?'],
  ['Fehler bei „secret“', 'Fehler bei ?'],
  ['connection terminated', 'connection terminated'],
])('what %j quotes is not published', (message, expected) => {
  expect(toSafeError(new Error(message)).message).toBe(expected)
})

test('an error of pgferry itself has no values and is published as it is', () => {
  const error = new LeaseEndedError('the connection was given back already')
  expect(toSafeError(error)).toBe(error)
})

test('what is no error is not published', () => {
  expect(toSafeError('secret').message).toBe('the statement failed with something that is no Error')
})

test('a SQLSTATE is told from other codes', () => {
  expect(sqlStateOf({ code: '23505' })).toBe('23505')
  expect(sqlStateOf({ code: 'ECONNRESET' })).toBeUndefined()
  expect(sqlStateOf(undefined)).toBeUndefined()
  expect(sqlStateOf(null)).toBeUndefined()
})
