import { Client, type QueryConfig } from 'pg'
import { SessionState, type SessionStateKind } from '../../src/pool/session-state'
import { testDatabase, type TestDatabase } from '../support/postgres'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  await database.query('CREATE ROLE session_state_guest')
  await database.query('CREATE TABLE kept (id int PRIMARY KEY, note text)')
  await database.query('CREATE TABLE temp (id int)')
  await database.query(
    "CREATE PROCEDURE set_tenant() LANGUAGE plpgsql AS $$BEGIN PERFORM set_config('app.tenant', '9', false); END$$",
  )
})
afterAll(async () => {
  await database.query('DROP OWNED BY session_state_guest')
  await database.query('DROP ROLE session_state_guest')
  await database.close()
})

type Statement = string | QueryConfig | readonly (string | QueryConfig)[]

async function connect(config: object = {}): Promise<Client & AsyncDisposable> {
  const client = new Client({ ...database.connection, ...config })
  client.on('error', () => undefined)
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

/** A connection whose hooks have run; `state` watches it. */
async function session(...hooks: string[]) {
  const client = await connect()
  const state = new SessionState(client)
  for (const hook of hooks) await client.query(hook)
  await state.takeBaseline()
  return { client, state, [Symbol.asyncDispose]: () => client.end() }
}

/** All that the server knows of the session. */
async function look(client: Client): Promise<Record<string, unknown>> {
  const { rows } = await client.query<Record<string, unknown>>(`SELECT
    (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name !~ '^(transaction_|plpgsql)') AS settings,
    coalesce(current_setting('app.tenant', true), '') AS tenant, coalesce(current_setting('app.other', true), '') AS other,
    coalesce(current_setting('local.x', true), '') AS local_x, coalesce(current_setting('role.x', true), '') AS role_x,
    current_user AS "user", session_user AS "sessionUser", current_setting('role') AS role,
    (SELECT json_agg(c ORDER BY c) FROM pg_listening_channels() AS c) AS channels,
    (SELECT json_agg(relname) FROM pg_class WHERE relnamespace = pg_my_temp_schema()) AS "temporary",
    (SELECT json_agg(proname) FROM pg_proc WHERE pronamespace = pg_my_temp_schema()) AS functions,
    (SELECT json_agg(objid) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
    (SELECT json_agg(name) FROM pg_prepared_statements WHERE from_sql) AS prepared,
    (SELECT json_agg(name) FROM pg_cursors WHERE is_holdable) AS cursors`)
  return rows[0] ?? {}
}

async function run(client: Client, statement: Statement): Promise<void> {
  const list = (Array.isArray(statement) ? statement : [statement]) as (string | QueryConfig)[]
  for (const one of list) await client.query(one).catch(() => undefined)
}

const touching: readonly (readonly [Statement, ...SessionStateKind[]])[] = [
  ['SET statement_timeout = 5000', 'settings'],
  ['set search_path to pg_catalog', 'settings'],
  ['/* a /* nested */ comment */ SET search_path = pg_catalog', 'settings', 'role'],
  ['-- a comment; set local x\nSET "app.tenant" = \'7\'', 'settings'],
  ["SET app.tenant = 'SET LOCAL it''s'", 'settings'],
  ["SET SESSION app.tenant = '7'; SET LOCAL app.other = '7'", 'settings'],
  ["BEGIN; SET LOCAL app.other = '1'; SET app.tenant = '7'; COMMIT", 'settings'],
  ["SET local.x = '1'", 'settings'],
  ["SET local .x = '1'", 'settings'],
  ["/* /* */ set local a.b = 1; */ SET app.tenant = '7'", 'settings', 'role'],
  ["SET role.x = '1'", 'settings'],
  ["SET application_name = 'back\\slash'", 'settings', 'role'],
  ["SET TIME ZONE 'Europe/Paris'", 'settings'],
  ["SET NAMES 'UTF8'", 'settings'],
  ["SET SCHEMA 'pg_catalog'", 'settings'],
  ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', 'settings'],
  ['SET default_transaction_read_only = on', 'settings'],
  ['SET statement_timeout = 300', 'settings'],
  ['SET standard_conforming_strings = off', 'settings'],
  ["SELECT set_config('app.tenant', '7', false)", 'settings'],
  ["select pg_catalog.\"set_config\" ( 'app.tenant', coalesce('7', 'a,b') , FALSE )", 'settings'],
  [{ text: 'SELECT set_config($1, $2, $3)', values: ['app.tenant', '7', false] }, 'settings', 'role'],
  ["SELECT set_config('role', 'session_state_guest', false)", 'role'],
  ["SELECT set_config('app.other', '', true), set_config('app.tenant', '7', false)", 'settings'],
  ["UPDATE pg_settings SET setting = '7s' WHERE name = 'statement_timeout'", 'settings', 'role'],
  ["INSERT INTO kept SELECT 1, set_config('app.tenant', '7', false)", 'settings'],
  ['SET ROLE session_state_guest', 'role'],
  ["set session role 'session_state_guest'", 'role'],
  ['SET "role" = session_state_guest', 'role'],
  ['SET SESSION AUTHORIZATION session_state_guest', 'role'],
  ['SET session_authorization = session_state_guest', 'role'],
  [['SET ROLE session_state_guest', 'SET statement_timeout = 7'], 'settings', 'role'],
  ['RESET SESSION AUTHORIZATION', 'role'],
  ['LISTEN news', 'channels'],
  ['BEGIN; LISTEN "News; of Today"; COMMIT', 'channels'],
  ['CREATE TEMP TABLE t (id int)', 'temporary-tables'],
  ['create /* yes */ temporary\n table if not exists t as select 1 as id', 'temporary-tables'],
  ['CREATE LOCAL TEMP TABLE t ()', 'temporary-tables'],
  ['SELECT 1 AS id INTO TEMP t', 'temporary-tables'],
  ['SELECT 1 AS id INTO TEMPORARY TABLE "t"', 'temporary-tables'],
  ['CREATE OR REPLACE TEMP VIEW t AS SELECT 1 AS id', 'temporary-tables'],
  ['CREATE TEMP SEQUENCE t', 'temporary-tables'],
  ['CREATE TABLE pg_temp.t ()', 'temporary-tables'],
  ["CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", 'temporary-tables'],
  ['CREATE TEMP TABLE gone () ON COMMIT DROP; CREATE TEMP TABLE t ()', 'temporary-tables'],
  ['EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1 AS id', 'temporary-tables'],
  ['SELECT pg_advisory_lock(1)', 'advisory-locks'],
  [{ text: 'select pg_try_advisory_lock_shared($1, $2)', values: [1, 2] }, 'advisory-locks'],
  ['SELECT pg_advisory_lock(1), 1 / 0', 'advisory-locks'],
  ["SELECT count(pg_advisory_lock(1)) FROM (SELECT 'pg_advisory_xact_lock') AS s", 'advisory-locks'],
  [{ name: 'lock', text: 'SELECT pg_advisory_lock(7)' }, 'advisory-locks'],
  ['PREPARE p AS SELECT 1', 'prepared-statements'],
  ['prepare "P; q" (int) as select $1', 'prepared-statements'],
  ['BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT', 'cursors'],
  ['BEGIN; DECLARE c NO SCROLL CURSOR WITH /* on */ HOLD FOR SELECT 1; COMMIT', 'cursors'],
  [
    "DO $$BEGIN PERFORM set_config('app.tenant', '7', false), pg_advisory_lock(3); EXECUTE 'LISTEN x'; EXECUTE 'PREPARE p AS SELECT 1'; END$$",
    'settings',
    'role',
    'channels',
    'temporary-tables',
    'advisory-locks',
    'prepared-statements',
  ],
  [
    'CALL set_tenant()',
    'settings',
    'role',
    'channels',
    'temporary-tables',
    'advisory-locks',
    'prepared-statements',
  ],
  ['DISCARD ALL', 'role'],
  [
    [
      'SET ROLE session_state_guest',
      'SET search_path = pg_temp',
      'LISTEN a',
      'SELECT pg_advisory_lock(1)',
      'CREATE TEMP TABLE t ()',
      'PREPARE p AS SELECT 1',
      'BEGIN',
      'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
      'COMMIT',
    ],
    'settings',
    'role',
    'channels',
    'temporary-tables',
    'advisory-locks',
    'prepared-statements',
    'cursors',
  ],
]

test.each(touching)('%j is seen, and taken back by one message', async (statement, ...kinds) => {
  await using watched = await session()
  const { client, state } = watched
  const before = await look(client)
  expect(state.isTouched).toBe(false)
  await run(client, statement)
  expect(state.isTouched).toBe(true)
  expect(state.touched()).toEqual(kinds)

  const plan = state.resetPlan('when-dirty')
  if (plan.kind !== 'statement') throw new Error(plan.kind)
  await client.query(plan.text)
  state.markClean()
  expect(state.isTouched).toBe(false)
  expect(await look(client)).toEqual(before)
  expect(state.isTouched).toBe(false)
  expect(state.resetPlan('when-dirty')).toEqual({ kind: 'clean' })
})

const harmless: readonly Statement[] = [
  'SELECT 1',
  "SELECT 'SET app.tenant = 7', 'LISTEN x', 'PREPARE p', 'CREATE TEMP TABLE t', 'SELECT pg_advisory_lock(1)'",
  '/* SET app.tenant = 7; LISTEN x; SELECT pg_advisory_lock(1) */ SELECT 1 -- set_config(',
  'SELECT $tag$pg_advisory_lock(1) set_config(1) CREATE TEMP TABLE t ()$tag$',
  { text: 'SELECT $1::text', values: ['SET app.tenant = 7'] },
  { name: 'named', text: 'SELECT $1::int', values: [1] },
  "INSERT INTO kept VALUES (2, 'SET x = 1; LISTEN y')",
  "UPDATE kept SET note = 'a' WHERE id = 2",
  'INSERT INTO temp SELECT 1',
  'INSERT INTO temp (id) VALUES (1)',
  'WITH moved AS (DELETE FROM temp RETURNING id) SELECT id AS temp FROM moved',
  'MERGE INTO temp USING (SELECT 5 AS id) AS s ON s.id = temp.id WHEN NOT MATCHED THEN INSERT VALUES (s.id)',
  'DELETE FROM kept',
  'SELECT setting FROM pg_settings LIMIT 1',
  'BEGIN; SAVEPOINT s; ROLLBACK TO s; RELEASE s; COMMIT',
  'START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY; COMMIT',
  ['BEGIN', 'SELECT 1 / 0', 'ROLLBACK'],
  ['BEGIN', "SET LOCAL app.tenant = '7'", 'COMMIT'],
  "BEGIN; set /* here */ local app.tenant = '7'; SET TRANSACTION READ ONLY; COMMIT",
  ['BEGIN', 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'COMMIT'],
  ['BEGIN', 'SET CONSTRAINTS ALL DEFERRED', 'COMMIT'],
  ['BEGIN', 'SET LOCAL ROLE session_state_guest', 'COMMIT'],
  ['BEGIN', "SET LOCAL app.tenant = 'back\\slash'", 'COMMIT'],
  { text: "SELECT set_config($1, '7', true)", values: ['app.tenant'] },
  "SELECT set_config('app.tenant', concat('a', ',', 'b'), TRUE), set_config ('app.other', '1', true)",
  'SELECT pg_advisory_xact_lock(1)',
  'SELECT pg_try_advisory_xact_lock_shared(1)',
  'SELECT pg_advisory_unlock(1)',
  ['BEGIN', 'CREATE TEMP TABLE t (id int) ON COMMIT DROP', 'INSERT INTO t VALUES (1)', 'COMMIT'],
  'BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH ALL FROM c; CLOSE c; COMMIT',
  'BEGIN; DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1; COMMIT',
  'COPY (SELECT 1) TO STDOUT',
  'NOTIFY news',
  'UNLISTEN *',
  'RESET ALL',
  'RESET statement_timeout',
  'RESET ROLE',
  'CLOSE ALL',
  'DISCARD PLANS',
  'DISCARD TEMP',
  'DEALLOCATE ALL',
  'SHOW search_path',
  'EXPLAIN SELECT 1',
  'CREATE TABLE other (id int); ALTER TABLE other ADD note text; CREATE INDEX ON other (id); DROP TABLE other',
  'CREATE FUNCTION locks() RETURNS void LANGUAGE sql SET search_path = pg_catalog AS $$SELECT pg_advisory_lock(1)$$',
  "ALTER ROLE session_state_guest SET search_path = 'a'; ALTER ROLE session_state_guest RESET search_path",
  ["ALTER SYSTEM SET application_name = 'x'", 'ALTER SYSTEM RESET application_name'],
  'GRANT SELECT ON kept TO session_state_guest',
  'LOCK TABLE kept',
  'VACUUM kept',
  'ANALYZE kept',
  'TRUNCATE kept',
  '',
  'SELECT',
  'nonsense',
]

test.each(harmless)('%j leaves the session as it was, and costs no reset', async (statement) => {
  await using watched = await session()
  const { client, state } = watched
  const before = await look(client)
  await run(client, statement)
  expect(state.touched()).toEqual([])
  expect(await look(client)).toEqual(before)
  expect(state.resetPlan('when-dirty')).toEqual({ kind: 'clean' })
})

async function reset(client: Client, state: SessionState, mode: 'when-dirty' | 'always' = 'when-dirty') {
  const plan = state.resetPlan(mode)
  if (plan.kind !== 'statement') throw new Error(JSON.stringify(plan))
  await client.query(plan.text)
  state.markClean()
}

async function statementCount(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM pg_prepared_statements WHERE NOT from_sql',
  )
  return rows[0]?.count ?? 0
}

test('what connect hooks set is the baseline: it survives a reset, with quotes, backslashes and dots', async () => {
  await using watched = await session(
    `SET search_path = "it's", 'public'`,
    String.raw`SET application_name = 'a''b\c'`,
    "SET statement_timeout = '7s'",
    "SELECT set_config('app.' || 'tenant', 'a', false), 'app.tenant'",
    `LISTEN "News ""today"""`,
    'SET ROLE session_state_guest',
  )
  const { client, state } = watched
  const before = await look(client)
  expect(before).toMatchObject({ tenant: 'a', user: 'session_state_guest', channels: ['News "today"'] })
  expect(state.isTouched).toBe(false)

  for (const statement of [
    'RESET ALL',
    "SET app.tenant = 'b'; SET standard_conforming_strings = off",
    'RESET ROLE',
    'SET SESSION AUTHORIZATION session_state_guest',
    'UNLISTEN *',
    'LISTEN more',
    'DISCARD ALL',
  ]) {
    await client.query(statement)
    expect(await look(client)).not.toEqual(before)
    expect(state.isTouched).toBe(true)
    await reset(client, state)
    expect(await look(client)).toEqual(before)
  }
  await reset(client, state, 'always')
  expect(await look(client)).toEqual(before)
})

test('settings that a parameter or a DO block of a hook made are found too', async () => {
  const client = await connect()
  await using _ = client
  const state = new SessionState(client)
  await client.query({ text: 'SELECT set_config($1, $2, false)', values: ['app.tenant', 'a'] })
  await client.query("DO $$BEGIN PERFORM set_config('app.other', 'b', false); END$$")
  await state.takeBaseline()
  await client.query("SET app.tenant = 'x'; SET app.other = 'x'; SET work_mem = '1MB'")
  await reset(client, state)
  expect(await look(client)).toMatchObject({ tenant: 'a', other: 'b', role: 'none' })
})

test('a setting that only the login role may make survives under the role of the hooks', async () => {
  await using watched = await session('SET log_statement = ddl', 'SET ROLE session_state_guest')
  const { client, state } = watched
  const before = await look(client)
  await client.query('SET work_mem = 64')
  await reset(client, state)
  expect(await look(client)).toEqual(before)
})

test('a role and settings that ALTER ROLE gives at login survive a reset', async () => {
  await database.query('CREATE ROLE session_state_login LOGIN IN ROLE session_state_guest')
  await database.query("ALTER ROLE session_state_login SET role = 'session_state_guest'")
  await database.query("ALTER ROLE session_state_login SET search_path = 'mine'")
  try {
    await using client = await connect({ user: 'session_state_login' })
    const state = new SessionState(client)
    await state.takeBaseline()
    const before = await look(client)
    expect(before).toMatchObject({ user: 'session_state_guest', sessionUser: 'session_state_login' })
    for (const statement of [
      'RESET SESSION AUTHORIZATION',
      'DISCARD ALL',
      "SET role = 'none'; SET search_path = a",
    ]) {
      await client.query(statement)
      await reset(client, state)
      expect(await look(client)).toEqual(before)
    }
  } finally {
    await database.query('DROP ROLE session_state_login')
  }
})

test.each([
  ['CREATE TEMP TABLE mine ()', 'CREATE TEMP TABLE t ()', 'DROP TABLE mine', 'DISCARD TEMP', 'DISCARD ALL'],
  [
    'SELECT pg_advisory_lock(1)',
    'SELECT pg_advisory_lock(2)',
    'SELECT pg_advisory_unlock_all()',
    'DISCARD ALL',
  ],
  ['PREPARE mine AS SELECT 1', 'PREPARE p AS SELECT 1', 'DEALLOCATE mine', 'DEALLOCATE ALL'],
  [
    'BEGIN; DECLARE mine CURSOR WITH HOLD FOR SELECT 1; COMMIT',
    'CLOSE mine',
    'CLOSE ALL',
    'DO $$BEGIN END$$',
  ],
])(
  'what a hook made with %j is kept, and when a borrower does %j the connection is not',
  async (hook, ...rest) => {
    for (const statement of rest) {
      await using watched = await session(hook)
      const { client, state } = watched
      const before = await look(client)
      await client.query("SET app.tenant = 'x'")
      await reset(client, state, 'always')
      expect(await look(client)).toEqual(before)
      await client.query(statement)
      // A DO block leaves no cursor behind.
      const kind = statement.startsWith('DO') ? 'statement' : 'cannot'
      expect(state.resetPlan('when-dirty').kind).toBe(kind)
      expect(state.resetPlan('always').kind).toBe(kind)
    }
  },
)

test('a prepared statement of a hook is known by what it does', async () => {
  await using watched = await session(
    "PREPARE tenant (text) AS SELECT set_config('app.tenant', $1, false)",
    'PREPARE plain AS SELECT 1',
  )
  const { client, state } = watched
  await client.query("EXECUTE tenant ('7')")
  expect(state.touched()).toEqual(['settings'])
  await reset(client, state)
  expect(await look(client)).toMatchObject({ tenant: '', prepared: ['tenant', 'plain'] })
})

test('hooks that nobody waited for belong to the baseline as well', async () => {
  await using client = await connect()
  const state = new SessionState(client)
  const running = client.query("SET app.tenant = 'a'")
  await state.takeBaseline()
  await running
  expect(state.isTouched).toBe(false)
  await client.query("SET app.tenant = 'b'")
  await reset(client, state)
  expect(await look(client)).toMatchObject({ tenant: 'a' })
})

test('a connection whose hooks touched nothing is not asked', async () => {
  await using client = await connect()
  const state = new SessionState(client)
  await client.query('SELECT 1')
  const query = jest.spyOn(client, 'query')
  await state.takeBaseline()
  expect(query).not.toHaveBeenCalled()
})

test('statements that pg has prepared by name survive every reset', async () => {
  await using watched = await session()
  const { client, state } = watched
  const named: QueryConfig = { name: 'one', text: 'SELECT $1::int AS one', values: [1] }
  await client.query(named)
  await client.query("PREPARE p AS SELECT 1; SET app.tenant = '7'; LISTEN x")
  await reset(client, state, 'always')
  expect(await statementCount(client)).toBe(1)
  expect((await client.query(named)).rows).toEqual([{ one: 1 }])
})

test('a statement prepared by name touches the session each time it is sent', async () => {
  await using watched = await session()
  const { client, state } = watched
  const lock: QueryConfig = { name: 'lock', text: 'SELECT pg_advisory_lock($1)', values: [1] }
  const set: QueryConfig = { name: 'set', text: "SET app.tenant = '7'" }
  for (const [statement, kinds] of [
    [lock, ['advisory-locks']],
    [lock, ['advisory-locks']],
    [set, ['settings', 'role']],
    [set, ['settings', 'role']],
  ] as const) {
    await client.query("BEGIN; SET LOCAL app.other = '1'; COMMIT")
    expect(state.isTouched).toBe(false)
    await client.query(statement)
    expect(state.touched()).toEqual(kinds)
    await reset(client, state)
  }
})

test.each(['DISCARD ALL', 'DEALLOCATE ALL', 'DEALLOCATE one', 'deallocate PREPARE "one"'])(
  'after %s pg prepares its named statements again instead of failing for ever',
  async (statement) => {
    await using watched = await session()
    const { client } = watched
    const one: QueryConfig = { name: 'one', text: 'SELECT $1::int AS one', values: [1] }
    const two: QueryConfig = { name: 'two', text: 'SELECT $1::int AS two', values: [2] }
    await client.query(one)
    await client.query(two)
    await client.query(statement)
    expect((await client.query(one)).rows).toEqual([{ one: 1 }])
    expect((await client.query(two)).rows).toEqual([{ two: 2 }])
  },
)

test('a library that was loaded can only be left by closing the connection', async () => {
  await using watched = await session()
  const { client, state } = watched
  await client.query("LOAD '$libdir/plpgsql'")
  expect(state.touched()).toEqual(['other'])
  expect(state.resetPlan('when-dirty')).toMatchObject({ kind: 'cannot' })
})

test('what is sent through callbacks, submittables and several statements in one text is seen', async () => {
  await using watched = await session()
  const { client, state } = watched
  await new Promise<void>((resolve, reject) => {
    client.query("SET app.tenant = '7'", (error: Error | undefined) => {
      if (error) reject(error)
      else resolve()
    })
  })
  expect(state.touched()).toEqual(['settings'])
  await reset(client, state)

  // As pg-cursor speaks: an unnamed portal, rows by the piece, then sync.
  await new Promise<void>((resolve, reject) => {
    client.query({
      submit(connection: Wire) {
        connection.parse({ text: 'SELECT pg_advisory_lock(n) FROM generate_series(1, 3) AS n' })
        connection.bind({ portal: 'c', values: [] })
        connection.describe({ type: 'P', name: 'c' })
        connection.execute({ portal: 'c', rows: 2 })
        connection.flush()
      },
      handleRowDescription: () => undefined,
      handleDataRow: () => undefined,
      handlePortalSuspended: (connection: Wire) => {
        connection.close({ type: 'P', name: 'c' })
        connection.sync()
      },
      handleReadyForQuery: () => {
        resolve()
      },
      handleError: reject,
    } as never)
  })
  expect(state.touched()).toEqual(['advisory-locks'])
  await reset(client, state)
  expect(await look(client)).toMatchObject({ locks: null })

  await client.query('SELECT 1; LISTEN a; SELECT 2; PREPARE p AS SELECT 3')
  expect(state.touched()).toEqual(['channels', 'prepared-statements'])
})

interface Wire {
  parse(message: object): void
  bind(message: object): void
  describe(message: object): void
  execute(message: object): void
  close(message: object): void
  flush(): void
  sync(): void
}

test('in pipeline mode a SET is taken for the worst, since its text is not known', async () => {
  await using client = await connect({ pipeline: true })
  const state = new SessionState(client)
  await state.takeBaseline()
  await Promise.all([client.query("SET app.tenant = '7'"), client.query('SET LOCAL app.other = 1')])
  expect(state.touched()).toEqual(['settings', 'role'])
  await reset(client, state)
  expect(await look(client)).toMatchObject({ tenant: '' })
})

test("a reset in mode 'always' takes back what a function did unseen", async () => {
  await using watched = await session()
  const { client, state } = watched
  await client.query(
    "CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql AS $$SELECT set_config('app.tenant', '7', false)$$; SELECT pg_temp.f()",
  )
  state.markClean()
  expect(state.resetPlan('when-dirty')).toEqual({ kind: 'clean' })
  await reset(client, state, 'always')
  expect(await look(client)).toMatchObject({ tenant: '', functions: null })
})

test('any mix of statements is either untouched or taken back (seeds 1 to 120)', async () => {
  const pool = [
    ...touching.map(([statement]) => statement),
    ...harmless,
    'BEGIN',
    'COMMIT',
    'ROLLBACK',
  ].filter(
    // What changes the database and not the session is left out, and what would wait for itself.
    (statement) =>
      !/ALTER|CREATE TABLE other|CREATE FUNCTION locks|VACUUM|COPY/.test(JSON.stringify(statement)),
  )
  await using watched = await session("SET app.other = 'kept'", 'LISTEN kept', 'SET work_mem = 128')
  const { client, state } = watched
  const before = await look(client)
  let resetCount = 0
  for (let seed = 1; seed <= 120; seed++) {
    let random = seed * 2654435761
    const draw = (): number => (random = (random * 1664525 + 1013904223) >>> 0)
    const drawn = Array.from(
      { length: 1 + ((draw() >>> 8) % 5) },
      () => pool[(draw() >>> 8) % pool.length] ?? '',
    )
    for (const statement of drawn) await run(client, statement)
    await client.query('ROLLBACK')
    if (state.isTouched) {
      await reset(client, state)
      resetCount++
    }
    expect({ seed, drawn, after: await look(client) }).toEqual({ seed, drawn, after: before })
  }
  expect(resetCount).toBeGreaterThan(40)
  expect(resetCount).toBeLessThan(120)
})
