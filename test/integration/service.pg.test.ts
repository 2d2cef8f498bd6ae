import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer, type AddressInfo } from 'node:net'
import { inspect, promisify } from 'node:util'
import { Client } from 'pg'
import type { ConnectionEvent } from '../../src/core/events'
import type { ServiceOptions } from '../../src/service/connection-service'
import { createConnectionService } from '../../src/service/create-connection-service'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  await database.query('CREATE TABLE notes (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, body text)')
})
afterAll(() => database.close())
beforeEach(() => database.query('TRUNCATE notes'))

function createService(
  options: Partial<ServiceOptions> & { pool?: object } = {},
  events: ConnectionEvent[] = [],
) {
  const { pool = {}, ...rest } = options
  const databases = { connection: database.url, pool: { max: 2, acquireTimeoutMs: 2_000, ...pool } }
  return createConnectionService({ databases, ...rest }, { onEvent: (event) => events.push(event) })
}

const notes = () => database.query('SELECT id, body FROM notes ORDER BY id')

test('a scoped connection is a pg client and goes back when its scope ends', async () => {
  await using connections = createService()
  {
    await using conn = await connections.connection()
    expect(conn).toBeInstanceOf(Client)
    expect((await conn.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect(connections.stats().purposes['general']).toEqual({ leased: 1, waiting: 0, acquired: 1, failed: 0 })
  }
  expect(connections.stats().databases['default']).toMatchObject({ idle: 1, leased: 0 })
})

test('after give-back a handle sends nothing and its listeners are gone', async () => {
  await using connections = createService()
  const conn = await connections.acquireConnection()
  const heard: string[] = []
  conn.on('notice', () => heard.push('notice'))
  connections.releaseConnection(conn)
  await expect(conn.query("INSERT INTO notes VALUES (1, 'late')")).rejects.toMatchObject({
    code: 'LEASE_ENDED',
  })
  await connections.query("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
  expect(heard).toEqual([])
  expect(await notes()).toEqual([])
})

test('a second give-back and a foreign connection are refused and change nothing', async () => {
  await using connections = createService()
  await using others = createService()
  const conn = await connections.acquireConnection()
  expect(() => {
    others.releaseConnection(conn)
  }).toThrow(expect.objectContaining({ code: 'FOREIGN_CONNECTION' }))
  const bare = new Client() as never
  expect(() => {
    connections.releaseConnection(bare)
  }).toThrow(expect.objectContaining({ code: 'FOREIGN_CONNECTION' }))
  connections.releaseConnection(conn)
  expect(() => {
    connections.releaseConnection(conn)
  }).toThrow(expect.objectContaining({ code: 'LEASE_ENDED' }))
  expect(connections.stats().purposes['general']).toMatchObject({ leased: 0 })
  expect(connections.stats().databases['default']).toMatchObject({ idle: 1, leased: 0 })
})

test('a connection given back with an error is closed', async () => {
  const events: ConnectionEvent[] = []
  await using connections = createService({}, events)
  const conn = await connections.acquireConnection()
  connections.releaseConnection(conn, new Error('I do not trust it'))
  await waitFor(() =>
    events.some((event) => event.kind === 'connection-closed' && event.reason === 'discarded'),
  )
})

test('a transaction is committed when its work succeeds', async () => {
  await using connections = createService()
  const id = await connections.withTransaction('general', async (tx) => {
    await tx.query("INSERT INTO notes VALUES (1, 'kept')")
    return 1
  })
  expect(id).toBe(1)
  expect(await notes()).toEqual([{ id: 1, body: 'kept' }])
})

test('a transaction is rolled back when its work throws, and the error passes through', async () => {
  const events: ConnectionEvent[] = []
  await using connections = createService({}, events)
  const error = new Error('changed my mind')
  const attempt = connections.withTransaction('general', async (tx) => {
    await tx.query("INSERT INTO notes VALUES (1, 'gone')")
    throw error
  })
  await expect(attempt).rejects.toBe(error)
  expect(await notes()).toEqual([])
  expect(events.map(({ kind }) => kind)).toEqual(['connection-opened'])
})

test('a commit that the server answers with rollback is an error', async () => {
  await using connections = createService()
  const attempt = connections.withTransaction('general', async (tx) => {
    await tx.query('SELECT 1 / 0').catch(() => 'swallowed')
  })
  await expect(attempt).rejects.toMatchObject({ code: 'TRANSACTION_FAILED' })
})

test('an error of the server at commit passes through: it has rolled back', async () => {
  await using connections = createService()
  const attempt = connections.withTransaction('general', async (tx) => {
    await tx.query("INSERT INTO notes VALUES (1, 'a'), (1, 'b')")
  })
  await expect(attempt).rejects.toMatchObject({ code: '23505' })
  expect(connections.stats().databases['default']).toMatchObject({ idle: 1 })
})

test('a connection lost at commit leaves the outcome unknown', async () => {
  await using connections = createService()
  const attempt = connections.withTransaction('general', async (tx) => {
    await tx.query("INSERT INTO notes VALUES (1, 'a')")
    void tx.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined)
  })
  await expect(attempt).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
})

test('an error of the server at commit that ends the session leaves the outcome unknown', async () => {
  await database.query(`
    CREATE TABLE doomed (id int);
    CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON doomed DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION end_session()`)
  const events: ConnectionEvent[] = []
  await using connections = createService({}, events)
  const attempt = connections.withTransaction('general', async (tx) => {
    await tx.query('INSERT INTO doomed VALUES (1)')
  })
  // The server did answer COMMIT, with an SQLSTATE: it is the lost session that makes the answer uncertain.
  await expect(attempt).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: '57P01' } })
  await waitFor(() => events.some((event) => event.kind === 'connection-closed'))
  expect((await connections.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
})

test('a rollback that fails is told with the error that made it necessary', async () => {
  await using connections = createService()
  const cause = new Error('the work failed')
  const attempt = connections.withTransaction('general', async (tx) => {
    await tx.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined)
    throw cause
  })
  await expect(attempt).rejects.toMatchObject({ code: 'ROLLBACK_FAILED', cause, isRetryable: false })
  expect((await connections.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
})

test('a transaction whose connection was lost in the middle may be run again', async () => {
  await using connections = createService()
  const attempt = connections.withTransaction('general', async (tx) => {
    await tx.query('SELECT pg_terminate_backend(pg_backend_pid())')
  })
  await expect(attempt).rejects.toMatchObject({
    code: 'ROLLBACK_FAILED',
    cause: { code: '57P01' },
    isRetryable: true,
  })
})

test('a transaction runs at the isolation asked for', async () => {
  await using connections = createService()
  const options = { isolation: 'serializable', readOnly: true } as const
  const work = async (tx: { query(sql: string): Promise<{ rows: object[] }> }) => [
    ...(await tx.query('SHOW transaction_isolation')).rows,
    ...(await tx.query('SHOW transaction_read_only')).rows,
  ]
  expect(await connections.withTransaction('general', work as never, options)).toEqual([
    { transaction_isolation: 'serializable' },
    { transaction_read_only: 'on' },
  ])
})

test('a read-only purpose refuses to write and leaves nothing to the next borrower', async () => {
  await using connections = createService({ purposes: { report: { readOnly: true } }, pool: { max: 1 } })
  const write = connections.query("INSERT INTO notes VALUES (1, 'no')", [], { purpose: 'report' })
  await expect(write).rejects.toMatchObject({ code: '25006' })
  await connections.query("INSERT INTO notes VALUES (1, 'yes')")
  expect(await notes()).toEqual([{ id: 1, body: 'yes' }])
})

test('a lease left in a transaction is rolled back and reported with the stack of the borrower', async () => {
  const events: ConnectionEvent[] = []
  await using connections = createService({ pool: { max: 1, leakThresholdMs: 60_000 } }, events)
  await connections.withConnection('general', async (conn) => {
    await conn.query('BEGIN')
    await conn.query("INSERT INTO notes VALUES (1, 'open')")
  })
  await connections.query('SELECT 1')
  const report = events.find((event) => event.kind === 'open-transaction-rolled-back')
  expect(report).toMatchObject({ purpose: 'general', status: 'open' })
  expect(report?.stack).toContain('service.pg.test.ts')
  expect(await notes()).toEqual([])
})

test.each(['release()', 'a scope'])(
  'a transaction left open by %s is reported with the place that gave it back, without any option',
  async (way) => {
    const events: ConnectionEvent[] = []
    await using connections = createService({ pool: { max: 1 } }, events)
    const forgetful = async (): Promise<void> => {
      await using conn = await connections.connection()
      await conn.query('BEGIN')
      if (way === 'release()') conn.release()
    }
    await forgetful()
    await connections.query('SELECT 1')
    const report = events.find((event) => event.kind === 'open-transaction-rolled-back')
    expect(report?.stack).toMatch(/^given back here\W[^]*service\.pg\.test\.ts/)
  },
)

test('an un-awaited commit takes effect although the connection was given back at once', async () => {
  await using connections = createService({ pool: { max: 1 } })
  const conn = await connections.acquireConnection()
  await conn.query('BEGIN')
  void conn.query("INSERT INTO notes VALUES (1, 'kept')")
  const commit = conn.query('COMMIT')
  conn.release()
  expect((await commit).command).toBe('COMMIT')
  await connections.query('SELECT 1')
  expect(await notes()).toEqual([{ id: 1, body: 'kept' }])
})

test.each<[string, Partial<ServiceOptions> & { pool: object }]>([
  ['of the pool', { pool: { max: 1 } }],
  ['of its purpose', { pool: { max: 3 }, purposes: { general: { max: 1 } } }],
])(
  'a statement without a lease, inside work that holds all %s, is refused like any acquire inside an acquire',
  async (_, options) => {
    const events: ConnectionEvent[] = []
    await using connections = createService(options, events)
    // Its text is known, so that it would share a connection.
    await connections.query('SELECT 1')
    const nested = connections.withTransaction('general', () => connections.query('SELECT 1'))
    await expect(nested).rejects.toMatchObject({ code: 'NESTED_ACQUIRE' })
    expect(events).toContainEqual({ kind: 'nested-acquire', purpose: 'general', heldPurpose: 'general' })
    expect((await connections.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  },
)

test('in a large pool the second circle of statements inside of work is refused, and the first says what it was', async () => {
  await using connections = createService({ pool: { max: 5, acquireTimeoutMs: 1_000 } })
  const circle = () => {
    let holding = 0
    return Promise.allSettled(
      [1, 2, 3, 4, 5].map(() =>
        connections.withTransaction('general', async () => {
          holding++
          await waitFor(() => holding === 5)
          await connections.query('SELECT 1')
        }),
      ),
    )
  }
  const messages = (results: readonly PromiseSettledResult<void>[]) =>
    results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []))
  const first = messages(await circle())
  expect(first.length).toBeGreaterThan(0)
  for (const message of first) expect(message).toContain('(nested acquire)')
  expect(messages(await circle())).toEqual([expect.stringContaining('NestedAcquireError')])
})

test('a waiter goes on in its own async context', async () => {
  await using connections = createService({ pool: { max: 1 } })
  const context = new AsyncLocalStorage<string>()
  const seen: (string | undefined)[] = []
  const borrow = async (): Promise<void> => {
    await using conn = await connections.connection()
    seen.push(context.getStore())
    await conn.query('SELECT 1')
    seen.push(context.getStore())
  }
  await Promise.all([context.run('a', borrow), context.run('b', borrow)])
  expect(seen).toEqual(['a', 'a', 'b', 'b'])
})

test('several databases are reached by name, the first is the default', async () => {
  await using second = await testDatabase()
  await using connections = createConnectionService({
    databases: {
      main: { connection: database.url },
      archive: { connection: () => Promise.resolve(second.connection) },
    },
    budget: { maxConnections: 20 },
  })
  const nameOf = async (options?: { database: string }) =>
    (await connections.query<{ name: string }>('SELECT current_database() AS name', [], options)).rows[0]
      ?.name
  expect(await nameOf()).toBe(database.name)
  expect(await nameOf({ database: 'archive' })).toBe(second.name)
  await expect(connections.connection('general', { database: 'archiv' })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining("did you mean 'archive'?"),
  })
  await connections.close()
})

test('close waits for leases, then closes their connections under them', async () => {
  const connections = createService()
  const conn = await connections.acquireConnection()
  const slow = conn.query('SELECT pg_sleep(60)')
  const failed = expect(slow).rejects.toThrow()
  await connections.close({ timeoutMs: 50 })
  await failed
  await expect(conn.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
  await expect(connections.connection()).rejects.toMatchObject({ code: 'POOL_CLOSED' })
})

test('a killed backend neither ends the process nor reaches the next borrower', async () => {
  await using connections = createService({ pool: { max: 1 } })
  const conn = await connections.acquireConnection()
  const { rows } = await conn.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const ended = new Promise((resolve) => conn.once('end', resolve))
  await database.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
  await ended
  conn.release()
  const [next] = (await connections.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows
  expect(next?.pid).not.toBe(rows[0]?.pid)
})

describe('a mistake of a new user gets an answer that says what to do', () => {
  const password = 'tr0ub4dor'
  const connectTo = async (connection: string | object) => {
    await using connections = createConnectionService({ databases: { connection } })
    return await connections.query('SELECT 1').then(
      () => new Error('connected'),
      (error: unknown) => error as Error,
    )
  }

  test.each(['localhost:5432', 'mysql://app@db/app', `app:${password}@db/app`])(
    'no postgres URL: %#',
    (connection) => {
      const create = () => createConnectionService({ databases: { connection } })
      expect(create).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION', option: 'databases.connection' }),
      )
      expect(create).toThrow(/postgresql:\/\/user@host:5432\/database/)
      expect(create).not.toThrow(new RegExp(password))
    },
  )

  test('a port where nothing listens', async () => {
    const error = await connectTo(`postgresql://app:${password}@127.0.0.1:1/shop`)
    expect(error).toMatchObject({
      code: 'CONNECT_FAILED',
      isRetryable: true,
      cause: { code: 'ECONNREFUSED' },
    })
    expect(String(error)).toMatch(
      /127\.0\.0\.1:1, database shop: nothing accepts connections there\. Start PostgreSQL/,
    )
    expect(String(error)).not.toContain(password)
  })

  test('a database that does not exist', async () => {
    const error = await connectTo({ ...database.connection, database: 'no_such_db' })
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', isRetryable: false, cause: { code: '3D000' } })
    expect(String(error)).toContain(
      'there is no database no_such_db. Create it, or correct the database name.',
    )
  })

  test('a wrong password', async () => {
    await using server = await passwordServer()
    const error = await connectTo(`postgresql://app:${password}@127.0.0.1:${server.port}/shop`)
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', isRetryable: false, cause: { code: '28P01' } })
    expect(String(error)).toContain('the server refused the password of user app. Correct user and password')
    expect(inspect(error)).not.toContain(password)
  })

  test('a user that does not exist', async () => {
    const error = await connectTo({ ...database.connection, user: 'nobody_here', password })
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', isRetryable: false, cause: { code: '28000' } })
    expect(String(error)).not.toContain(password)
  })
})

/** As much of a server as a refused login needs: the test server itself trusts everybody. */
async function passwordServer(): Promise<AsyncDisposable & { port: number }> {
  const message = (type: string, body: Buffer): Buffer => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length + 4)
    return Buffer.concat([Buffer.from(type), length, body])
  }
  const refusal = 'SFATAL\0C28P01\0Mpassword authentication failed for user "app"\0\0'
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(message('R', Buffer.from([0, 0, 0, 3])))
      socket.once('data', () => socket.end(message('E', Buffer.from(refusal))))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: promisify(server.close.bind(server)) }
}
