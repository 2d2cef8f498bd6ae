import { Client, Query, type QueryConfig, type QueryResultRow } from 'pg'
import { systemClock } from '../../src/core/clock'
import { requestCancel } from '../../src/pool/pg-driver-cancel'
import { oneShotFixture, timelessClock } from '../support/one-shot'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  await database.query('CREATE TABLE notes (id int PRIMARY KEY, body text)')
})
afterAll(() => database.close())
beforeEach(() => database.query('TRUNCATE notes'))

const runningCount = async (part: string): Promise<number> => {
  const [row] = await database.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE $1",
    [`%${part}%`],
  )
  return Number(row?.['n'])
}
const isRunning = (part: string) => () => runningCount(part)
const isGone = (part: string) => async () => (await runningCount(part)) === 0

describe('results', () => {
  const custom = { getTypeParser: () => (value: string) => `<${value}>` } as never
  test.each<[string, QueryConfig & { rowMode?: string }]>([
    ['a row', { text: 'SELECT $1::int AS a, $2::text AS b', values: [7, 'x'] }],
    ['no values', { text: 'SELECT 1 AS one, now() IS NOT NULL AS two' }],
    ['no rows', { text: 'SELECT id, body FROM notes WHERE id = $1', values: [1] }],
    ['no columns', { text: 'SELECT' }],
    [
      'types',
      {
        text: 'SELECT 1::int8 AS big, ARRAY[1,2] AS list, \'{"a":1}\'::jsonb AS doc, NULL AS nothing, true AS yes',
      },
    ],
    ['two columns of one name', { text: 'SELECT 1 AS a, 2 AS a' }],
    ['rows as arrays', { text: 'SELECT 1 AS a, 2 AS a, NULL AS b', rowMode: 'array' }],
    ['own parsers', { text: 'SELECT $1::int AS a', values: [5], types: custom }],
    [
      'converted values',
      {
        text: 'SELECT $1::jsonb AS doc, $2::int[] AS list, $3::bytea AS bytes, $4::text AS nothing, $5::bool AS yes',
        values: [{ a: [1, 'ä'] }, [1, null], Buffer.from([0, 255]), undefined, true],
      },
    ],
    [
      'values before and after bytes',
      { text: 'SELECT $1::text AS a, $2::bytea AS b', values: ['ä'.repeat(40_000), Buffer.alloc(70_000, 7)] },
    ],
    ['an insert', { text: "INSERT INTO notes VALUES (1, 'a'), (2, 'b')" }],
    ['a returning insert', { text: 'INSERT INTO notes VALUES ($1, $2) RETURNING id', values: [3, 'c'] }],
    [
      'a writing CTE',
      { text: "WITH w AS (INSERT INTO notes VALUES (4, 'd') RETURNING id) SELECT id FROM w" },
    ],
    ['values', { text: 'VALUES (1, 2), (3, 4)' }],
    ['a setting', { text: 'SHOW search_path' }],
  ])('are those of pg, prepared or not: %s', async (_, config) => {
    await using fixture = oneShotFixture(database.connection, {}, { clock: timelessClock })
    await using peer = await connected()
    for (let run = 0; run < 4; run++) {
      await database.query('TRUNCATE notes')
      const expected = await peer.client.query<QueryResultRow>(config)
      await database.query('TRUNCATE notes')
      const actual = await fixture.shots.query(config)
      expect(actual).toBeInstanceOf(expected.constructor)
      expect(withoutParsers(actual)).toEqual(withoutParsers(expected))
    }
    expect(fixture.taken.exclusive).toBe(0)
  })

  test('with errors that have the fields of pg', async () => {
    await using fixture = oneShotFixture(database.connection)
    await using peer = await connected()
    for (const config of [
      'SELECT nothing FROM notes',
      { text: 'SELECT 1 / $1::int', values: [0] },
      { text: 'SELECT $1::int', values: ['no number'] },
      { text: 'INSERT INTO notes VALUES ($1)', values: ['x'] },
    ]) {
      const expected: unknown = await (peer.client.query(config as never) as Promise<unknown>).catch(
        (error: unknown) => error,
      )
      for (let run = 0; run < 3; run++) {
        const actual: unknown = await fixture.shots.query(config).catch((error: unknown) => error)
        expect(actual).toBeInstanceOf(Error)
        expect({ ...(actual as object) }).toEqual({ ...(expected as object) })
        expect((actual as Error).message).toBe((expected as Error).message)
      }
    }
  })

  test('a row that its parser refuses fails its own statement only', async () => {
    await using fixture = oneShotFixture(database.connection)
    const refusing = {
      getTypeParser: () => () => {
        throw new Error('cannot read this')
      },
    } as never
    await fixture.shots.query('SELECT 1 AS one')
    const [bad, good] = await Promise.allSettled([
      fixture.shots.query({ text: 'SELECT 1 AS one', types: refusing }),
      fixture.shots.query('SELECT 1 AS one'),
    ])
    expect(bad).toMatchObject({ reason: new Error('cannot read this') })
    expect(good).toMatchObject({ value: { rows: [{ one: 1 }] } })
  })

  test('a value that cannot be converted is told, and nothing is sent', async () => {
    await using fixture = oneShotFixture(database.connection)
    const circular = { toPostgres: (): unknown => circular }
    await expect(fixture.shots.query('SELECT $1::text', [circular])).rejects.toThrow('circular')
    const { rows } = await fixture.shots.query('SELECT $1::text AS a', ['fine'])
    expect(rows).toEqual([{ a: 'fine' }])
  })

  test('an error of one statement touches no other', async () => {
    await using fixture = oneShotFixture(database.connection)
    await fixture.shots.query('INSERT INTO notes VALUES ($1)', [0])
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        i % 3 === 0
          ? fixture.shots.query('INSERT INTO notes VALUES ($1)', [0])
          : fixture.shots.query('INSERT INTO notes VALUES ($1)', [i]),
      ),
    )
    results.forEach((result, i) => {
      expect(result).toMatchObject(
        i % 3 === 0 ? { reason: { code: '23505' } } : { value: { rowCount: 1, command: 'INSERT' } },
      )
    })
    expect(await database.query('SELECT count(*)::int AS n FROM notes')).toEqual([{ n: 34 }])
  })
})

describe('sharing', () => {
  test('fifty callers need a few connections, which go back when it is quiet', async () => {
    await using fixture = oneShotFixture(database.connection, { idleMs: 0 }, { clock: timelessClock })
    await fixture.shots.query('SELECT $1::int AS n', [0])
    const results = await Promise.all(
      Array.from({ length: 500 }, (_, n) => fixture.shots.query<{ n: number }>('SELECT $1::int AS n', [n])),
    )
    expect(results.map(({ rows }) => rows[0]?.n)).toEqual(Array.from({ length: 500 }, (_, n) => n))
    expect(fixture.pool.totalCount).toBeLessThanOrEqual(4)
    expect(fixture.taken.exclusive).toBe(0)
    await waitFor(() => fixture.shots.stats().lanes === 0)
    expect(fixture.pool.idleCount).toBe(fixture.pool.totalCount)
    // Ordinary clients again: what pg refuses in a pipeline works.
    const paged = { text: 'SELECT generate_series(1, 3) AS n', rows: 1 }
    expect((await fixture.pool.query(paged)).rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  })

  test('what needs a session or several round trips runs on a lease of its own', async () => {
    await using fixture = oneShotFixture(database.connection)
    const alone = async (work: () => Promise<unknown>) => {
      const before = fixture.taken.exclusive
      const result = await work()
      expect(fixture.taken.exclusive).toBe(before + 1)
      return result
    }
    const { shots } = fixture
    expect(await alone(() => shots.query('SELECT 1; SELECT 2'))).toHaveLength(2)
    await alone(() => shots.query("SET application_name TO 'me'"))
    await alone(() => shots.query('SELECT pg_advisory_lock(1), pg_advisory_unlock(1)'))
    await alone(() => shots.query({ name: 'mine', text: 'SELECT $1::int', values: [1] }))
    await alone(() => shots.query({ text: 'SELECT 1', rows: 10 } as never))
    await alone(() => shots.query('CREATE TEMP TABLE gone (id int)'))
    await alone(() => expect(shots.query('')).resolves.toMatchObject({ command: null, rows: [] }))
    await alone(() =>
      expect(shots.query('SELECT $1', 'no array' as never)).rejects.toThrow('must be an array'),
    )
    await alone(() => expect(shots.query(new Query('SELECT 3 AS n'))).resolves.toMatchObject({ rowCount: 1 }))
    await alone(() =>
      expect(shots.query(new Query('SELECT nothing'))).rejects.toMatchObject({ code: '42703' }),
    )
  })

  test('what ends without a result, as streams do, is sent once', async () => {
    /** Tells its end as a stream does. */
    class Mute extends Query {
      override emit(event: string | symbol, ...values: unknown[]): boolean {
        return event === 'end' ? super.emit(event) : super.emit(event, ...values)
      }
    }
    await using fixture = oneShotFixture(database.connection)
    const result = await fixture.shots.query(new Mute("INSERT INTO notes VALUES (1, 'once')"))
    expect(result).toMatchObject({ rows: [], fields: [] })
    expect(fixture.taken.exclusive).toBe(1)
    expect(await database.query('SELECT count(*)::int AS n FROM notes')).toEqual([{ n: 1 }])
  })

  test('a table that was altered under a prepared statement does not show', async () => {
    await using fixture = oneShotFixture(database.connection)
    await database.query('CREATE TABLE changing (a int)')
    await database.query('INSERT INTO changing VALUES (1)')
    const ask = () => fixture.shots.query('SELECT * FROM changing')
    for (let run = 0; run < 4; run++) await ask()
    await database.query('ALTER TABLE changing ADD COLUMN b int')
    const results = await Promise.all(Array.from({ length: 10 }, ask))
    for (const { rows, fields } of results) {
      expect(rows).toEqual([{ a: 1, b: null }])
      expect(fields.map(({ name }) => name)).toEqual(['a', 'b'])
    }
  })

  test('statements that the server has forgotten are prepared anew', async () => {
    await using fixture = oneShotFixture(
      database.connection,
      { maxLanes: 1, idleMs: 0 },
      { clock: timelessClock },
    )
    const ask = () => fixture.shots.query('SELECT $1::int AS n', [1])
    for (let run = 0; run < 4; run++) await ask()
    await waitFor(() => fixture.shots.stats().lanes === 0)
    await fixture.pool.query('DEALLOCATE ALL')
    const results = await Promise.all(Array.from({ length: 10 }, ask))
    for (const { rows } of results) expect(rows).toEqual([{ n: 1 }])
  })

  test('a server keeps no more prepared statements than two hundred a connection', async () => {
    await using fixture = oneShotFixture(database.connection, { maxLanes: 1 }, { clock: timelessClock })
    for (let i = 0; i < 230; i++) {
      for (let run = 0; run < 3; run++) await fixture.shots.query(`SELECT ${i} AS n`)
    }
    const { rows } = await fixture.shots.query('SELECT count(*)::int AS n FROM pg_prepared_statements')
    expect(rows[0]?.['n']).toBeLessThanOrEqual(200)
    expect(rows[0]?.['n']).toBeGreaterThan(150)
  })

  test('without prepared statements the server keeps none', async () => {
    await using fixture = oneShotFixture(database.connection, { prepare: false })
    for (let run = 0; run < 4; run++) await fixture.shots.query('SELECT $1::int AS n', [run])
    expect((await fixture.shots.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([])
  })

  test('clients on which nothing can be shared run every statement on a lease', async () => {
    const connection = { ...database.connection, query_timeout: 5_000 }
    await using fixture = oneShotFixture(connection)
    const results = await Promise.all([1, 2, 3].map((n) => fixture.shots.query('SELECT $1::int AS n', [n])))
    expect(results.map(({ rows }) => rows[0]?.['n'])).toEqual([1, 2, 3])
    expect(fixture.taken.exclusive).toBe(3)
  })

  test('while others wait for connections, lanes go back after their turn', async () => {
    await using fixture = oneShotFixture(database.connection, { turnMs: 5, maxHoldMs: 3_600_000 }, { max: 1 })
    await fixture.shots.query('SELECT $1::int AS n', [0])
    let isDone = false
    const load = Array.from({ length: 10 }, async () => {
      while (!isDone) await fixture.shots.query('SELECT $1::int AS n', [1])
    })
    for (let turn = 0; turn < 2; turn++) {
      const client = await fixture.pool.connect()
      client.release()
    }
    isDone = true
    await Promise.all(load)
  })

  test('a lane is given back from time to time in any case', async () => {
    await using fixture = oneShotFixture(database.connection, { maxHoldMs: 1 })
    for (let run = 0; run < 30; run++) await fixture.shots.query('SELECT $1::int AS n', [run])
    await waitFor(async () => {
      await fixture.shots.query('SELECT 1')
      return fixture.taken.lanes > 2
    })
  })
})

describe('fairness', () => {
  test('a fast statement does not wait for slow ones', async () => {
    await using fixture = oneShotFixture(database.connection)
    const fast = () => fixture.shots.query('SELECT $1::int AS n', [1])
    for (let run = 0; run < 5; run++) await fast()
    const slow = Array.from({ length: 4 }, () => fixture.shots.query('SELECT pg_sleep(0.5)'))
    let answered = 0
    const load = Array.from({ length: 50 }, async () => {
      await fast()
      answered++
    })
    await Promise.race(slow)
    expect(answered).toBe(50)
    await Promise.all([...slow, ...load])
  })

  test('a statement behind one that has become slow is served by another connection', async () => {
    let nowMs = 0
    const clock = { ...systemClock, now: () => nowMs, turnNow: () => nowMs }
    await using fixture = oneShotFixture(database.connection, { maxLanes: 1 }, { clock })
    const sleep = (seconds: number) => fixture.shots.query('SELECT pg_sleep($1)', [seconds])
    for (let run = 0; run < 5; run++) await sleep(0)
    const slow = sleep(1)
    await waitFor(isRunning('pg_sleep($1)'))
    expect(fixture.shots.stats()).toMatchObject({ lanes: 1, inFlight: 1 })
    // The age of the oldest statement, less than what this process itself may have slept.
    nowMs = 6
    const { rows } = await fixture.shots.query('SELECT 1 AS one')
    expect(rows).toEqual([{ one: 1 }])
    expect(await runningCount('pg_sleep($1)')).toBe(1)
    await slow
  })

  test('callers of an unknown text wait for its first run, or take a lease when that lasts', async () => {
    await using fixture = oneShotFixture(database.connection)
    const results = await Promise.all(
      Array.from({ length: 5 }, () => fixture.shots.query('SELECT pg_sleep(0.1), 1 AS one')),
    )
    expect(results.map(({ rows }) => rows[0]?.['one'])).toEqual([1, 1, 1, 1, 1])
    expect(fixture.taken.exclusive).toBe(4)
  })
})

describe('patience', () => {
  test('a statement that was not sent is not run when its caller goes', async () => {
    await using fixture = oneShotFixture(database.connection, {}, { max: 1 })
    const client = await fixture.pool.connect()
    const controller = new AbortController()
    const aborted = fixture.shots.query('INSERT INTO notes VALUES (1)', [], { signal: controller.signal })
    const late = fixture.shots.query('INSERT INTO notes VALUES (2)', [], { timeoutMs: 5 })
    controller.abort(new Error('changed my mind'))
    await expect(aborted).rejects.toMatchObject({
      code: 'ACQUIRE_ABORTED',
      cause: new Error('changed my mind'),
    })
    await expect(late).rejects.toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
    client.release()
    await fixture.shots.query('SELECT 1')
    expect(await database.query('SELECT * FROM notes')).toEqual([])
    await expect(
      fixture.shots.query('SELECT 1', [], { signal: AbortSignal.abort('gone before') }),
    ).rejects.toMatchObject({ code: 'ACQUIRE_ABORTED', cause: 'gone before' })
  })

  test.each([
    ['shared', 'SELECT pg_sleep(30), 1 AS shared'],
    ['alone', 'DO $$ BEGIN PERFORM pg_sleep(30); END $$'],
  ])('a running statement is cancelled on the server when its caller goes: %s', async (_, text) => {
    await using fixture = oneShotFixture(database.connection)
    const controller = new AbortController()
    const attempt = fixture.shots.query(text, [], { signal: controller.signal })
    await waitFor(isRunning('pg_sleep(30)'))
    controller.abort()
    await expect(attempt).rejects.toMatchObject({
      code: 'QUERY_ABORTED',
      message: expect.stringContaining('had been sent'),
      cause: controller.signal.reason,
    })
    await waitFor(isGone('pg_sleep(30)'))
    expect((await fixture.shots.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test.each([
    ['shared', 'INSERT INTO notes SELECT 1, pg_sleep(30)::text'],
    ['alone', 'DO $$ BEGIN PERFORM pg_sleep(30); END $$'],
  ])('a deadline covers the run, and says that the outcome is unknown: %s', async (_, text) => {
    await using fixture = oneShotFixture(database.connection)
    await expect(fixture.shots.query(text, [], { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'QUERY_TIMEOUT',
      message: expect.stringContaining('whether it took effect is unknown'),
    })
    await waitFor(isGone('pg_sleep(30)'))
    expect(await database.query('SELECT * FROM notes')).toEqual([])
  })

  test('a statement behind a cancelled one is answered', async () => {
    await using fixture = oneShotFixture(
      database.connection,
      { maxLanes: 1, patienceMs: 5_000 },
      { clock: timelessClock },
    )
    const sleep = (seconds: number, signal?: AbortSignal) =>
      fixture.shots.query('SELECT pg_sleep($1), $1::float AS s', [seconds], signal && { signal })
    for (let run = 0; run < 5; run++) await sleep(0)
    const controller = new AbortController()
    const first = sleep(30, controller.signal)
    const behind = Array.from({ length: 10 }, () => sleep(0.001))
    await waitFor(isRunning('pg_sleep($1)'))
    controller.abort()
    await expect(first).rejects.toMatchObject({ code: 'QUERY_ABORTED' })
    for (const { rows } of await Promise.all(behind)) expect(rows[0]?.['s']).toBe(0.001)
  })

  test('a cancel that hits the next statement has it run once more', async () => {
    await using fixture = oneShotFixture(
      database.connection,
      { maxLanes: 1, patienceMs: 5_000 },
      {
        clock: timelessClock,
        // The worst of all moments: the statement that was meant has ended, and the next runs.
        async cancel(client, isStillWanted) {
          expect(isStillWanted()).toBe(true)
          await waitFor(async () => (await runningCount('AS innocent')) === 1)
          await requestCancel(client, { clock: systemClock, isStillWanted: () => true })
        },
      },
    )
    const { shots } = fixture
    for (let run = 0; run < 3; run++) await shots.query('SELECT pg_sleep($1)', [0])
    for (let run = 0; run < 3; run++) await shots.query('SELECT pg_sleep($1)::text AS innocent', [0])
    const controller = new AbortController()
    const meant = shots.query('SELECT pg_sleep($1)', [0.2], { signal: controller.signal })
    const innocent = shots.query('SELECT pg_sleep($1)::text AS innocent', [0.5])
    controller.abort()
    await expect(meant).rejects.toMatchObject({ code: 'QUERY_ABORTED' })
    await expect(innocent).resolves.toMatchObject({ rowCount: 1 })
  })

  test('a connection of its own does not go back while a cancel request is on its way', async () => {
    let deliver = (): void => undefined
    const delivered = new Promise<void>((resolve) => {
      deliver = resolve
    })
    await using fixture = oneShotFixture(
      database.connection,
      {},
      {
        async cancel(client, isStillWanted) {
          await requestCancel(client, { clock: systemClock, isStillWanted })
          await delivered
        },
      },
    )
    const controller = new AbortController()
    const text = 'DO $$ BEGIN PERFORM pg_sleep(30); END $$'
    const attempt = fixture.shots.query(text, [], { signal: controller.signal })
    await waitFor(isRunning('pg_sleep(30)'))
    controller.abort()
    await expect(attempt).rejects.toMatchObject({ code: 'QUERY_ABORTED' })
    await waitFor(isGone('pg_sleep(30)'))
    // The server has answered; a round trip of another connection later the answer has been read.
    await fixture.shots.query('SELECT 1')
    expect(fixture.shots.stats().exclusive).toBe(1)
    deliver()
    await waitFor(() => fixture.shots.stats().exclusive === 0)
  })

  test("a cancel of somebody else's making is the caller's to see", async () => {
    await using fixture = oneShotFixture(database.connection)
    const attempt = fixture.shots.query('SELECT pg_sleep(30)')
    const seen = expect(attempt).rejects.toMatchObject({ code: '57014' })
    await waitFor(isRunning('pg_sleep(30)'))
    await database.query(
      "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30)%'",
    )
    await seen
  })

  test('who waits for too long, or in too long a queue, is told', async () => {
    await using fixture = oneShotFixture(
      database.connection,
      { acquireTimeoutMs: 40, maxWaiting: 1 },
      { max: 1 },
    )
    const client = await fixture.pool.connect()
    const first = fixture.shots.query('SELECT 1')
    const second = fixture.shots.query('SELECT 2')
    await expect(second).rejects.toMatchObject({ code: 'POOL_SATURATED' })
    await expect(first).rejects.toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
    client.release()
    expect((await fixture.shots.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })
})

describe('loss', () => {
  const kill = (part: string) =>
    database.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE $1',
      [`%${part}%`],
    )

  test('a statement that ran when its session was killed has an unknown outcome; those behind it run elsewhere', async () => {
    await using fixture = oneShotFixture(
      database.connection,
      { maxLanes: 1, patienceMs: 5_000 },
      { clock: timelessClock },
    )
    const insert = (id: number, seconds: number) =>
      fixture.shots.query('INSERT INTO notes SELECT $1, pg_sleep($2)::text', [id, seconds])
    for (let id = 1; id < 5; id++) await insert(id, 0)
    const first = insert(5, 30)
    const behind = [6, 7, 8].map((id) => insert(id, 0))
    const lost = expect(first).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: '57P01' } })
    await waitFor(isRunning('INSERT INTO notes'))
    await kill('INSERT INTO notes SELECT')
    await lost
    await Promise.all(behind)
    expect(await database.query('SELECT array_agg(id ORDER BY id) AS ids FROM notes')).toEqual([
      { ids: [1, 2, 3, 4, 6, 7, 8] },
    ])
    expect(fixture.outcomes).toContain('discard')
  })

  test.each([
    ['INSERT INTO notes SELECT 1, pg_sleep(30)::text /* lost */', { code: 'OUTCOME_UNKNOWN' }],
    ['DO $$ BEGIN PERFORM pg_sleep(30) /* lost */; END $$', { code: 'OUTCOME_UNKNOWN' }],
  ])('without last words of the server everything that was sent is unknown: %s', async (text, expected) => {
    await using fixture = oneShotFixture(database.connection)
    const clients: Client[] = []
    fixture.pool.on('connect', (client) => clients.push(client as unknown as Client))
    const attempt = expect(fixture.shots.query(text)).rejects.toMatchObject(expected)
    await waitFor(isRunning('lost'))
    for (const client of clients) {
      ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    }
    await attempt
    await kill('lost')
  })

  test('SQL that plainly reads only fails with the error of the driver', async () => {
    await using fixture = oneShotFixture(database.connection)
    const clients: Client[] = []
    fixture.pool.on('connect', (client) => clients.push(client as unknown as Client))
    const text = 'SELECT count(*) FROM generate_series(1, 100000000)'
    const attempt = expect(fixture.shots.query(text)).rejects.toMatchObject({
      message: 'Connection terminated unexpectedly',
    })
    await waitFor(isRunning('generate_series'))
    for (const client of clients) {
      ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    }
    await attempt
    await kill('generate_series')
  })

  test('a lane that is killed while nothing runs is replaced', async () => {
    await using fixture = oneShotFixture(database.connection, { idleMs: 60_000 })
    for (let run = 0; run < 3; run++) await fixture.shots.query('SELECT 1 AS quiet')
    await kill('AS quiet')
    await waitFor(() => fixture.shots.stats().lanes === 0)
    expect((await fixture.shots.query('SELECT 1 AS quiet')).rows).toEqual([{ quiet: 1 }])
    expect(fixture.outcomes[0]).toBe('discard')
  })

  test('a database that cannot be reached is told to everybody who waits', async () => {
    await using fixture = oneShotFixture({ ...database.connection, port: 1 })
    const attempts = await Promise.allSettled(
      [1, 2, 3].map((n) => fixture.shots.query('SELECT $1::int', [n])),
    )
    for (const attempt of attempts) expect(attempt).toMatchObject({ reason: { code: 'CONNECT_FAILED' } })
  })

  test('close lets running statements end and refuses others', async () => {
    const fixture = oneShotFixture(database.connection, { patienceMs: 5_000 })
    const running = fixture.shots.query('SELECT pg_sleep(0.1), 1 AS one')
    const parked = expect(fixture.shots.query('SELECT pg_sleep(0.1), 1 AS one')).rejects.toMatchObject({
      code: 'POOL_CLOSED',
    })
    await waitFor(isRunning('pg_sleep(0.1)'))
    const closed = fixture.shots.close()
    await expect(fixture.shots.query('SELECT 1')).rejects.toMatchObject({ code: 'POOL_CLOSED' })
    await expect(running).resolves.toMatchObject({ rows: [{ one: 1 }] })
    await closed
    await parked
    expect(fixture.shots.stats()).toMatchObject({ lanes: 0, inFlight: 0, waiting: 0 })
    await fixture.pool.end()
  })
})

async function connected() {
  const client = new Client(database.connection)
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

/** Functions compare by identity; that they are the right ones shows in the rows. */
function withoutParsers(result: object): object {
  return { ...result, _parsers: undefined, _types: undefined }
}
