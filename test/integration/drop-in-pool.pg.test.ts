import type { EventEmitter } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { PoolClient } from 'pg'
import { Client, Pool as StockPool } from 'pg'
import { systemClock } from '../../src/core/clock'
import { Pool } from '../../src/pg'
import { createFaultProxy } from '../../src/testing/fault-proxy'
import type { DropInOptions } from '../../src/pool/drop-in/drop-in-options'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'

let database: TestDatabase
const pools: Pool[] = []

beforeAll(async () => {
  database = await testDatabase()
})
afterEach(async () => {
  for (const pool of pools.splice(0)) if (!pool.ending) await pool.end()
})
afterAll(async () => {
  await database.close()
})

function makePool(options: DropInOptions = {}): Pool {
  const pool = new Pool({ ...database.connection, ...options })
  pools.push(pool)
  return pool
}

async function pidOf(client: PoolClient): Promise<number> {
  return Number((await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid)
}

/** Not `events.once`: that listens for errors too, and nobody listening is what is tested. */
function eventOf(emitter: EventEmitter, name: string): Promise<void> {
  return new Promise((resolve) => {
    emitter.once(name, () => {
      resolve()
    })
  })
}

function kill(pid: number): Promise<unknown> {
  return database.query('SELECT pg_terminate_backend($1)', [pid])
}

test('it is a pg.Pool, and its clients are pg.Clients', async () => {
  const pool = makePool()
  expect(pool).toBeInstanceOf(StockPool)
  const client = await pool.connect()
  expect(client).toBeInstanceOf(Client)
  client.release()
})

describe('what pg.Pool does wrong (P1 to P10)', () => {
  test.each([
    ['open', ['BEGIN']],
    ['failed', ['BEGIN', 'SELECT nothing FROM nowhere']],
  ])(
    'P1: a transaction left %s is rolled back before the next borrower, and told',
    async (status, statements) => {
      const pool = makePool({ max: 1 })
      const told = jest.fn()
      pool.on('openTransaction', told)
      const client = await pool.connect()
      for (const statement of statements) await client.query(statement).catch(() => undefined)
      client.release()
      const next = await pool.connect()
      expect(next).toBe(client)
      expect((next as unknown as { getTransactionStatus(): string }).getTransactionStatus()).toBe('I')
      expect(told).toHaveBeenCalledWith(client, status)
      next.release()
    },
  )

  test('P1: session state is told, and stays by default', async () => {
    const pool = makePool({ max: 1 })
    const told = jest.fn()
    pool.on('sessionState', told)
    await pool.query("SET application_name = 'left-behind'")
    expect(told).toHaveBeenCalledTimes(1)
    expect((await pool.query('SHOW application_name')).rows).toEqual([{ application_name: 'left-behind' }])
  })

  test.each(['when-dirty', 'always'] as const)(
    'P1: session state is reset with resetSession %p, but not what hooks set',
    async (resetSession) => {
      const pool = makePool({
        max: 1,
        resetSession,
        onConnect: (client) => client.query("SET application_name = 'from-the-hook'"),
      })
      pool.on('connect', (client) => {
        void client.query("SET search_path = 'from_the_event'")
      })
      await pool.query("SET application_name = 'left-behind'")
      await pool.query("SET search_path = 'left_behind'")
      expect((await pool.query('SHOW application_name')).rows).toEqual([
        { application_name: 'from-the-hook' },
      ])
      expect((await pool.query('SHOW search_path')).rows).toEqual([{ search_path: 'from_the_event' }])
    },
  )

  test('P2: end() settles callers for whom there is no room', async () => {
    const pool = makePool({ max: 1 })
    const held = await pool.connect()
    const waiting = [pool.connect(), pool.query('SELECT 1')]
    const ended = pool.end()
    for (const caller of waiting)
      await expect(caller).rejects.toThrow('Cannot use a pool after calling end on the pool')
    held.release()
    await ended
  })

  test('P3: a client that is killed while its borrower does something else harms nobody', async () => {
    const pool = makePool({ max: 1 })
    const client = await pool.connect()
    const ended = eventOf(client, 'end')
    await kill(await pidOf(client))
    await ended
    client.release()
    expect(pool.totalCount).toBe(0)
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('P3: an idle client that is killed harms nobody though its borrower has removed all of its listeners', async () => {
    const pool = makePool({ max: 1 })
    const removed = jest.fn()
    pool.on('remove', removed)
    const client = await pool.connect()
    client.removeAllListeners()
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    client.release()
    await database.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
    await waitFor(() => removed.mock.calls.length === 1)
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('P3: an idle client that is killed is no error to a pool without a listener', async () => {
    const pool = makePool({ max: 1 })
    const client = await pool.connect()
    const pid = await pidOf(client)
    client.release()
    const removed = eventOf(pool, 'remove')
    await kill(pid)
    await removed
    expect(pool.totalCount).toBe(0)
  })

  test('P4: a burst of short statements on a warm pool opens few clients, where pg.Pool opens nine more', async () => {
    // A login that costs something, as over the sea with TLS: ten at once help nobody.
    class DistantClient extends Client {
      constructor(config?: object) {
        super(config)
        const connect = this.connect.bind(this) as (callback: unknown) => void
        const later = (callback: unknown): void => {
          systemClock.setTimer(() => {
            connect(callback)
          }, 200)
        }
        Object.assign(this, { connect: later })
      }
    }
    const pool = makePool({ max: 10, Client: DistantClient })
    for (let round = 0; round < 200; round++) await pool.query('SELECT 1')
    await Promise.all(Array.from({ length: 50 }, () => pool.query('SELECT 1')))
    expect(pool.totalCount).toBeLessThanOrEqual(5)
  })

  test('P4: callers who hold all they can get are served all the same', async () => {
    const pool = makePool({ max: 4 })
    for (let round = 0; round < 20; round++) await pool.query('SELECT 1')
    const clients = await Promise.all(Array.from({ length: 4 }, () => pool.connect()))
    expect(new Set(clients).size).toBe(4)
    for (const client of clients) client.release()
  })

  test('P6: the next borrower does not wait for a query that the last one left running', async () => {
    const pool = makePool({ max: 2 })
    const client = await pool.connect()
    const left = client.query('SELECT pg_sleep(0.5)')
    client.release()
    const startedAt = process.hrtime.bigint()
    await pool.query('SELECT 1')
    expect(Number(process.hrtime.bigint() - startedAt) / 1e6).toBeLessThan(450)
    expect((await left).rowCount).toBe(1)
    await waitFor(() => pool.idleCount === 2)
    expect(pool.totalCount).toBe(2)
  })

  test('P7: a query on a released client is refused in its own form, and never sent', async () => {
    const pool = makePool({ max: 1 })
    const client = await pool.connect()
    client.release()
    await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
    const error = await new Promise((resolve) => {
      client.query('SELECT 1', resolve)
    })
    expect(error).toMatchObject({ code: 'LEASE_ENDED' })
    const inConfig = await new Promise((resolve) => {
      void client.query({ text: 'SELECT 1', callback: resolve } as never)
    })
    expect(inConfig).toMatchObject({ code: 'LEASE_ENDED' })
    const handled = await new Promise((resolve) => {
      client.query({ submit: jest.fn(), handleError: resolve } as never)
    })
    expect(handled).toMatchObject({ code: 'LEASE_ENDED' })
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('P8: an idle connection that leads nowhere is found before it is lent', async () => {
    const proxy = await createFaultProxy({ target: database.connection })
    const pool = makePool({
      host: proxy.host,
      port: proxy.port,
      max: 1,
      validateAfterIdleMs: 0,
      validationTimeoutMs: 100,
      connectionTimeoutMillis: 500,
    })
    const client = await pool.connect()
    client.release()
    await proxy.setMode('black-hole')
    pool.on('remove', () => {
      void proxy.setMode('pass')
    })
    // What was opened while the network was down may be lost as well.
    const alive = await pool.connect().catch(() => pool.connect())
    expect(alive).not.toBe(client)
    alive.release()
    await pool.end()
    await proxy.close()
  })

  test('P9: a server that refuses is not stormed', async () => {
    let attempts = 0
    const server: Server = createServer((socket: Socket) => {
      attempts++
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const pool = makePool({ port, connectionTimeoutMillis: 1_000 })
    const until = process.hrtime.bigint() + 300_000_000n
    while (process.hrtime.bigint() < until) await expect(pool.connect()).rejects.toThrow()
    expect(attempts).toBeLessThan(20)
    await new Promise((resolve) => server.close(resolve))
  })

  test('P10: a client that is thrown away under its query has the query cancelled at the server', async () => {
    const pool = makePool({ max: 1 })
    const client = await pool.connect()
    const left = client.query('SELECT pg_sleep(20)').catch((error: unknown) => error)
    const busy = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(20)' AND state = 'active'"
    await waitFor(async () => (await database.query(busy)).length === 1)
    client.release(true)
    expect(await left).toBeDefined()
    await waitFor(async () => (await database.query(busy)).length === 0)
  })
})

describe('handles', () => {
  test('a handle dies at release, and takes its listeners with it', async () => {
    const pool = makePool({ max: 1, handles: 'lease' })
    const first = await pool.connect()
    expect(first).toBeInstanceOf(Client)
    first.on('notification', () => undefined)
    first.release()
    await expect(first.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
    const second = await pool.connect()
    expect(second).not.toBe(first)
    expect(second.listenerCount('notification')).toBe(0)
    second.release(true)
    expect(pool.totalCount).toBe(0)
  })

  test('a callback gets a handle and what gives it back', async () => {
    const pool = makePool({ max: 1, handles: 'lease' })
    await new Promise<void>((resolve, reject) => {
      pool.connect((error, client, done) => {
        if (error) reject(error)
        done()
        expect(client).toBeInstanceOf(Client)
        resolve()
      })
    })
    expect(pool.idleCount).toBe(1)
  })
})

describe('times', () => {
  test('a server that accepts and says nothing is given up after connectionTimeoutMillis', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => sockets.push(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const pool = makePool({ port, connectionTimeoutMillis: 50 })
    await expect(pool.connect()).rejects.toThrow('Connection terminated due to connection timeout')
    expect(pool.totalCount).toBe(0)
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  test('a hook that never ends is given up with its client', async () => {
    const pool = makePool({ connectionTimeoutMillis: 50, onConnect: () => new Promise(() => undefined) })
    await expect(pool.connect()).rejects.toThrow('timeout')
    await waitFor(() => pool.totalCount === 0)
  })

  test('a cursor that was left open is closed with its client', async () => {
    const pool = makePool({ max: 1, resetTimeoutMs: 50 })
    const client = await pool.connect()
    const cursor = { submit: jest.fn(), handleError: jest.fn() }
    client.query(cursor as never)
    client.release()
    await waitFor(() => pool.totalCount === 0)
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })
})
