import { createConnectFailedError } from '../../../src/pool/connect-failure'
import {
  checkConnectionSource,
  describeTarget,
  resolveConnectionConfig,
} from '../../../src/pool/connection-target'
import { openConnection } from '../../../src/pool/open-connection'
import { createTimeoutError } from '../../../src/pool/pool-errors'
import { defaultPoolOptions, resolvePoolOptions } from '../../../src/pool/pool-options'
import { FakeClock } from '../../support/fake-clock'

const config = { host: 'db', port: 6432, user: 'app', database: 'shop', password: 'hunter2' }
const failure = (message: string, code?: string) =>
  Object.assign(new Error(message), code === undefined ? {} : { code })

test.each([
  [
    failure('connect ECONNREFUSED', 'ECONNREFUSED'),
    'nothing accepts connections there. Start PostgreSQL',
    true,
  ],
  [failure('getaddrinfo', 'ENOTFOUND'), 'the host name db cannot be resolved. Correct the host name', true],
  [failure('connect ENOENT', 'ENOENT'), 'there is no such socket. Start PostgreSQL', true],
  [
    failure('password authentication failed', '28P01'),
    'the server refused the password of user app. Correct user',
    false,
  ],
  [
    failure('client password must be a string'),
    'asks for a password of user app, and none was given. Put a',
    false,
  ],
  [
    failure('no pg_hba.conf entry', '28000'),
    'the server refused user app (no pg_hba.conf entry). Create the role',
    false,
  ],
  [failure('does not exist', '3D000'), 'there is no database shop. Create it', false],
  [
    failure('sorry, too many clients', '53300'),
    "the server has no free connection. Lower the pool's max",
    true,
  ],
  [failure('starting up', '57P03'), 'the server takes no connections now (starting up). Wait', true],
  [
    failure('Connection terminated due to connection timeout'),
    'it did not answer in time. Look for a firewall',
    true,
  ],
  [failure('The server does not support SSL connections'), 'it does not speak TLS. Turn it on', false],
  [failure('something new', 'XX000'), 'db:6432, database shop: something new', true],
])('%s says what it means and what to do', (cause, text, isRetryable) => {
  const error = createConnectFailedError(cause, config)
  expect(error.message).toContain('could not connect to db:6432, database shop: ')
  expect(error.message).toContain(text)
  expect(error).toMatchObject({ isRetryable, cause })
  expect(error.message).not.toContain('hunter2')
})

test('the target is what pg would connect to', () => {
  expect(describeTarget({ connectionString: 'postgresql://me:pw@h:1/d%20b' }, {})).toEqual({
    host: 'h',
    port: 1,
    database: 'd b',
    user: 'me',
  })
  expect(describeTarget({}, { PGHOST: 'p', PGPORT: '2', PGUSER: 'u' })).toEqual({
    host: 'p',
    port: 2,
    database: 'u',
    user: 'u',
  })
  expect(describeTarget({ connectionString: 'not a url' }, {})).toEqual({
    host: 'localhost',
    port: 5432,
    database: '(none)',
    user: '(none)',
  })
})

test.each([
  'postgres://u@h/d',
  'postgresql:///d',
  '/var/run/postgresql',
  { host: 'h' },
  { host: 'h', aFieldOfAnotherDriver: 1, max: undefined },
  () => Promise.resolve({}),
])('%p is a connection', (source) => {
  expect(() => {
    checkConnectionSource('connection', source)
  }).not.toThrow()
})

test.each([
  [5432, 'received 5432'],
  ['http://h/d', 'a URL that begins with http://'],
  ['db.local', 'no URL at all'],
  [
    { host: 'h', max: 20 },
    'connection.max: received 20, expected no option of the pool here; it belongs to `pool.max`',
  ],
  [{ idleTimeoutMillis: 1 }, 'it belongs to `pool.idleTimeoutMs`'],
  [{ allowExitOnIdle: true }, 'it belongs to the drop-in `Pool`'],
  [{ hots: 'h' }, 'received "h", expected a field that pg knows (did you mean \'host\'?)'],
  [{ pasword: 'hunter2' }, "expected a field that pg knows (did you mean 'password'?)"],
])('%p is none', (source, message) => {
  expect(() => {
    checkConnectionSource('connection', source)
  }).toThrow(message)
})

test('a password under a misspelt name is not repeated', () => {
  expect(() => {
    checkConnectionSource('connection', { pasword: 'hunter2' })
  }).toThrow(expect.not.objectContaining({ message: expect.stringContaining('hunter2') }))
})

test('the function given as connection is asked each time, and must answer with a config', async () => {
  let turn = 0
  const source = () => Promise.resolve({ user: `user${String(++turn)}` })
  expect(await resolveConnectionConfig(source)).toEqual({ user: 'user1' })
  expect(await resolveConnectionConfig(source)).toEqual({ user: 'user2' })
  expect(await resolveConnectionConfig('postgres://h')).toEqual({ connectionString: 'postgres://h' })
  await expect(resolveConnectionConfig((() => Promise.resolve('postgres://h')) as never)).rejects.toThrow(
    'pg config object',
  )
})

test('a function given as connection that fails or hangs is a connect failure', async () => {
  const clock = new FakeClock()
  const context = {
    name: 'main',
    driver: undefined as never,
    clock,
    onEvent: undefined,
    options: resolvePoolOptions({ connectTimeoutMs: 50 }),
  }
  const failing = openConnection(() => Promise.reject(new Error('vault is sealed')), context)
  await expect(failing).rejects.toThrow('the function given as `connection` failed (vault is sealed)')
  const hanging = expect(openConnection(() => new Promise(() => undefined), context)).rejects.toThrow(
    'connectTimeoutMs (50 ms)',
  )
  await clock.advance(50)
  await hanging
})

test('pool options are completed, frozen, and refused when they contradict each other', () => {
  expect(resolvePoolOptions()).toEqual(defaultPoolOptions)
  expect(Object.isFrozen(resolvePoolOptions({ max: 3 }))).toBe(true)
  expect(resolvePoolOptions({ max: undefined as never }).max).toBe(10)
  expect(resolvePoolOptions({ acquireTimeoutMs: 100 }).connectTimeoutMs).toBe(100)
  expect(() => resolvePoolOptions({ min: 11 })).toThrow(
    'pool.min: received 11, expected at most pool.max (10)',
  )
  expect(() => resolvePoolOptions({ connectTimeoutMs: 2, acquireTimeoutMs: 1 }, 'databases.a.pool')).toThrow(
    'databases.a.pool.connectTimeoutMs: received 2, expected at most databases.a.pool.acquireTimeoutMs (1)',
  )
  expect(() => resolvePoolOptions({ maxx: 1 } as never)).toThrow("did you mean 'max'?")
})

test('a per cent sign in user or database that begins no code hides no connect failure', () => {
  const broken = { connectionString: 'postgresql://a%p@db/s%zz' }
  expect(createConnectFailedError(failure('connect', 'ECONNREFUSED'), broken)).toMatchObject({
    code: 'CONNECT_FAILED',
    message: expect.stringContaining('db:5432, database s%zz: nothing accepts connections there') as unknown,
  })
})

test('a certificate file that is missing is not taken for a missing socket', () => {
  const cause = failure("ENOENT: no such file or directory, open '/etc/ca.pem'", 'ENOENT')
  expect(createConnectFailedError(cause, config).message).toContain(
    "database shop: ENOENT: no such file or directory, open '/etc/ca.pem'",
  )
})

test('what is left of a deadline is told in whole milliseconds', () => {
  const stats = { total: 0, idle: 0, leased: 0, opening: 0, resetting: 0, closing: 0, waiting: 0, max: 1 }
  const facts = { pool: 'main', purpose: 'rag', stats, lastConnectError: undefined }
  expect(createTimeoutError({ ...facts, timeoutMs: 299.9906860000001 }).message).toContain('within 300 ms')
})
