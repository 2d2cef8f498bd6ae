import { EventEmitter } from 'node:events'
import type { ClientBase } from 'pg'
import { quoteLiteral, quoteName } from '../../../src/pool/session-sql'
import { SessionState } from '../../../src/pool/session-state'
import { effectOfTag } from '../../../src/pool/session-tags'
import { effectOfText } from '../../../src/pool/session-text'

/** The wire as pg has it, without a server at the other end. */
class FakeWire extends EventEmitter {
  readonly sent: unknown[] = []
  readonly parsedStatements: Record<string, string> = {}
  query(text: string): void {
    this.sent.push(text)
  }
  parse(message: object): void {
    this.sent.push(message)
  }
  bind(message: object): void {
    this.sent.push(message)
  }
  complete(...tags: string[]): void {
    for (const text of tags) this.emit('commandComplete', { text })
  }
}

/** A client that is ready; `answer` is what it says about its baseline. */
function watch(answer: object = {}) {
  const connection = new FakeWire()
  const texts: string[] = []
  const query = (text: string): Promise<{ rows: unknown[] }> => {
    texts.push(text)
    return Promise.resolve({
      rows: [{ state: JSON.stringify({ role: 'none', sessionUser: 'me', ...answer }) }],
    })
  }
  const client = { connection, query, readyForQuery: true, _queryable: true } as unknown as ClientBase
  return { connection, texts, state: new SessionState(client) }
}

test('every message goes on as it was', () => {
  const { connection } = watch()
  const parse = { name: 's', text: 'SELECT $1' }
  const bind = { statement: 's', values: [1] }
  connection.query('SELECT 1')
  connection.parse(parse)
  connection.bind(bind)
  expect(connection.sent).toEqual(['SELECT 1', parse, bind])
})

test('one listener is all that it adds', () => {
  const { connection } = watch()
  expect(connection.eventNames()).toEqual(['commandComplete'])
  expect(connection.listenerCount('commandComplete')).toBe(1)
})

test.each([[{}], [{ connection: {} }], [{ connection: { query: () => undefined, on: () => undefined } }]])(
  'a client that is not of pg itself counts as clean, and is reset when told so: %j',
  async (client) => {
    const query = jest.fn()
    const state = new SessionState({ ...client, query } as unknown as ClientBase)
    await state.takeBaseline()
    expect(query).not.toHaveBeenCalled()
    expect(state.isTouched).toBe(false)
    expect(state.touched()).toEqual([])
    expect(state.resetPlan('when-dirty')).toEqual({ kind: 'clean' })
    expect(state.resetPlan('always')).toMatchObject({ kind: 'statement' })
  },
)

test('the reset names what was touched and nothing else', async () => {
  const { connection, state } = watch()
  await state.takeBaseline()
  const resetAfter = (text: string, ...tags: string[]): string => {
    connection.query(text)
    connection.complete(...tags)
    const plan = state.resetPlan('when-dirty')
    state.markClean()
    return plan.kind === 'statement' ? plan.text : plan.kind
  }
  expect(resetAfter('SELECT 1', 'SELECT 1')).toBe('clean')
  expect(resetAfter('SET a.b = 1', 'SET')).toBe('RESET ALL')
  expect(resetAfter('SET ROLE a', 'SET')).toBe('RESET SESSION AUTHORIZATION; RESET ROLE')
  expect(resetAfter('LISTEN a', 'LISTEN')).toBe('UNLISTEN *')
  expect(resetAfter('CREATE TEMP TABLE a ()', 'CREATE TABLE')).toBe('DISCARD TEMP')
  expect(resetAfter('SELECT pg_advisory_lock(1)')).toBe('SELECT pg_catalog.pg_advisory_unlock_all()')
  expect(resetAfter('DECLARE a CURSOR WITH HOLD FOR SELECT 1', 'DECLARE CURSOR')).toBe('CLOSE ALL')
  expect(resetAfter('LISTEN a; SET a.b = 1', 'LISTEN', 'SET')).toBe('RESET ALL; UNLISTEN *')
})

test('the baseline comes back with the reset', async () => {
  const { connection, texts, state } = watch({
    settings: [
      ['app.tenant', "it's"],
      ['search_path', '"$user", public'],
    ],
    channels: ['a"b'],
    role: 'app',
  })
  connection.query('SET ROLE app')
  connection.complete('SET')
  await state.takeBaseline()
  expect(texts).toHaveLength(1)
  connection.query('DISCARD ALL')
  connection.complete('DISCARD ALL')
  expect(state.touched()).toEqual(['settings', 'role', 'channels'])
  expect(state.resetPlan('when-dirty')).toEqual({
    kind: 'statement',
    text:
      'RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; ' +
      "SELECT pg_catalog.set_config('app.tenant', 'it''s', false), " +
      `pg_catalog.set_config('search_path', '"$user", public', false); ` +
      'UNLISTEN *; LISTEN "a""b"; ' +
      "SELECT pg_catalog.set_config('session_authorization', 'me', false), pg_catalog.set_config('role', 'app', false)",
  })
})

test('a baseline that cannot be read is an error of its own', async () => {
  const { connection, state } = watch()
  connection.complete('LISTEN')
  const failing = new SessionState({
    connection: new FakeWire(),
    query: () => Promise.reject(new Error('refused')),
  } as unknown as ClientBase)
  await expect(failing.takeBaseline()).resolves.toBeUndefined()
  await expect(state.takeBaseline()).resolves.toBeUndefined()
  const busy = new SessionState({
    connection: new FakeWire(),
    readyForQuery: false,
    query: () => Promise.reject(new Error('refused')),
  } as unknown as ClientBase)
  await expect(busy.takeBaseline()).rejects.toThrow('refused')
})

test('what a hook made and the borrower touched cannot be told apart', async () => {
  const { connection, state } = watch({ hasLocks: true, hasTemporary: true })
  connection.query('SELECT pg_advisory_lock(1)')
  await state.takeBaseline()
  connection.query('SELECT pg_advisory_unlock(1)')
  expect(state.resetPlan('when-dirty')).toEqual({
    kind: 'cannot',
    why: 'what the borrower left (advisory-locks) is mixed with what a connect hook had set up',
  })
  state.markClean()
  const plan = state.resetPlan('always')
  expect(plan).toMatchObject({ kind: 'statement', text: expect.not.stringContaining('advisory') as string })
  expect(plan).toMatchObject({ text: expect.not.stringContaining('DISCARD') as string })
})

test('a command that PostgreSQL does not have yet may have touched anything', async () => {
  const { connection, state } = watch()
  await state.takeBaseline()
  connection.query('FROBNICATE')
  connection.complete('FROBNICATE')
  expect(state.touched()).toEqual([
    'settings',
    'role',
    'channels',
    'temporary-tables',
    'advisory-locks',
    'prepared-statements',
    'cursors',
  ])
})

test('a tag whose text is not known, or too long to keep, is taken for the worst', async () => {
  const { connection, state } = watch()
  await state.takeBaseline()
  const seenAfter = (text: string, ...tags: string[]): readonly string[] => {
    connection.query(text)
    connection.complete(...tags)
    const touched = state.touched()
    state.markClean()
    return touched
  }
  expect(seenAfter(`SET LOCAL a.b = '${'x'.repeat(20_000)}'`, 'SET')).toEqual(['settings', 'role'])
  connection.bind({ statement: 's' })
  connection.complete('RESET', 'DECLARE CURSOR')
  expect(state.touched()).toEqual(['role', 'cursors'])
  state.markClean()
  expect(seenAfter('EXECUTE IMMEDIATE', 'SET')).toEqual(['settings', 'role'])
})

test('a name that is prepared anew is judged by its new text', async () => {
  const { connection, state } = watch()
  await state.takeBaseline()
  connection.parse({ name: 's', text: 'SELECT pg_advisory_lock(1)' })
  state.markClean()
  connection.bind({ statement: 's' })
  expect(state.touched()).toEqual(['advisory-locks'])
  state.markClean()
  connection.parse({ name: 's', text: 'SELECT 1' })
  connection.bind({ statement: 's' })
  expect(state.touched()).toEqual([])
})

test('only deallocated statements are prepared again', () => {
  const { connection } = watch()
  Object.assign(connection.parsedStatements, { one: 'SELECT 1', 'Two "2"': 'SELECT 2', three: 'SELECT 3' })
  connection.query('deallocate ONE; DEALLOCATE PREPARE "Two ""2"""; DO $$BEGIN END$$')
  connection.complete('DEALLOCATE', 'DEALLOCATE', 'DO')
  expect(connection.parsedStatements).toEqual({ three: 'SELECT 3' })
})

test.each([
  ["SELECT set_config('a.b', '1', $1)", 'settings'],
  ["SELECT set_config('a.b', '1', is_local => true)", 'settings'],
  ["SELECT set_config('a.b', (ARRAY['1', '2'])[1], true)", ''],
  ["SELECT set_config('a.b', '1'", 'settings,role'],
  ["SELECT set_config('a.b', E'\\n, true, ', true)", 'settings,role'],
  ["SELECT E'\\n' AS temp", ''],
  ['SELECT set_config FROM t', 'settings,role'],
  ["SELECT query_to_xml('SELECT pg_advisory_lock(1)', true, true, '')", 'advisory-locks'],
  ["SELECT 'it''s pg_advisory_lock(1)', a$b$pg_advisory_unlock$b$", ''],
  ["SELECT 'not closed, pg_advisory_lock(1)", 'advisory-locks'],
  ['/* /* */ pg_advisory_lock(1) */ SELECT 1', 'advisory-locks'],
  ["SELECT dblink_connect('a', 'dbname=b')", 'other'],
  ["SELECT pg_replication_origin_session_setup('a')", 'other'],
  ["SELECT pg_create_physical_replication_slot('a', true, true)", 'other'],
  ["SELECT pg_drop_replication_slot('a')", ''],
  ['SELECT attempt, template, temp, temp_1, temperature FROM readings', ''],
  ['UPDATE readings SET temp = 1', ''],
  ['SELECT * FROM pg_temp.mine', ''],
  ['INSERT INTO pg_temp.mine VALUES (1)', 'temporary-tables'],
  ["CREATE TEMP TABLE a (b text DEFAULT E'\\n') ON COMMIT DROP", 'temporary-tables'],
  ['MERGE INTO temp USING a ON true WHEN MATCHED THEN DELETE', ''],
])('by its text, %s touches "%s"', async (text, kinds) => {
  const { connection, state } = watch()
  await state.takeBaseline()
  connection.query(text)
  expect(state.touched().join()).toBe(kinds)
})

test('a plain statement is judged by its words in one pass, and a counted tag by its last character', () => {
  expect(effectOfText('SELECT 1')).toBe(0)
  expect(
    ['SELECT 0', 'INSERT 0 1', 'BEGIN', 'CREATE TABLE', 'PREPARE TRANSACTION'].map((tag) =>
      effectOfTag(tag, ''),
    ),
  ).toEqual([0, 0, 0, 0, 0])
  expect(effectOfTag('', '')).not.toBe(0)
  expect(effectOfTag('constructor', '')).not.toBe(0)
})

test('literals and names of ours are quoted for any setting of the session', () => {
  expect(quoteLiteral("it's")).toBe("'it''s'")
  expect(quoteLiteral(String.raw`a'\b`)).toBe(String.raw` E'a''\\b'`)
  expect(quoteName('a"B')).toBe('"a""B"')
})
