import { inspect } from 'node:util'
import {
  AcquireTimeoutError,
  ConnectFailedError,
  DbConnectionError,
  InvalidOptionError,
} from '../../../src/core/errors'

test('an error carries its name, its code and its cause', () => {
  const cause = new Error('refused')
  const error = new ConnectFailedError('no', { cause, isRetryable: false })
  expect(error).toBeInstanceOf(DbConnectionError)
  expect(error).toMatchObject({
    name: 'ConnectFailedError',
    code: 'CONNECT_FAILED',
    cause,
    isRetryable: false,
  })
  expect(new ConnectFailedError('no').isRetryable).toBe(true)
  expect(new AcquireTimeoutError('late', undefined)).toMatchObject({ isRetryable: true, longestHolders: [] })
})

test.each([
  ['pool.max', 0, '0'],
  ['pool.max', 'ten', '"ten"'],
  ['pool.max', undefined, 'undefined'],
  ['pool.max', [1, 2], 'an array of 2'],
  ['pool.max', { password: 'hunter2' }, 'an object'],
  ['pool.max', () => 1, 'a function'],
  ['databases.connection', '', 'an empty string'],
  ['databases.connection', 'app:hunter2@db', 'a string'],
  ['databases.pasword', 'hunter2', 'a string'],
  ['unleashFlags.tokn', 'hunter2', 'a string'],
  ['databases.connectoin', 'hunter2', 'a string'],
  ['databases.main', 'host=db password=hunter2', 'a string'],
  ['config.connectionString', 'hunter2', 'a string'],
  ['unleashFlags.customHeaders.Authorization', 'hunter2', 'a string'],
  ['USE_NEW_CONNECTION_SERVICE_PORTALS', 'yes', '"yes"'],
  ['budget.maxConnections', 'ten', '"ten"'],
  ['databases.connection.port', 'ten', '"ten"'],
  ['pool.connectTimeoutMs', '5 s', '"5 s"'],
  ['purpose', 'postgres://app:hunter2@db', 'a URL'],
])('an invalid %s of %p is described as %s, and no secret is spelled out', (option, received, described) => {
  const error = new InvalidOptionError(option, received, 'something else')
  expect(error.message).toBe(`invalid option ${option}: received ${described}, expected something else`)
  expect(inspect(error)).not.toContain('hunter2')
})
