import { randomUUID } from 'node:crypto'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { systemClock } from '../../src/core/clock'
import { MockClient } from '../../src/pool/mock-client'
import { createMockDriver } from '../../src/pool/mock-pool'
import { MockServer } from '../../src/pool/mock-server'
import { createPgDriver } from '../../src/pool/pg-driver'
import { createClientDriver } from '../../src/pool/pg-driver-client'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'
import { describeDriverContract } from './driver-contract'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const createDriver = () => createPgDriver({ clock: systemClock, connectTimeoutMs: 5_000 })

describe.each([
  ['The driver on pg.Pool', createDriver],
  ['The driver on pg.Client', () => createClientDriver({ clock: systemClock })],
])('with a real server', (name, makeDriver) => {
  describeDriverContract(name, () => {
    // Sessions bear the name of their bench, so that no case counts what another one left behind.
    const config = { ...database.connection, application_name: `bench ${randomUUID()}` }
    return {
      driver: makeDriver(),
      config,
      refuseLogin: () => ({ ...config, user: 'nobody_of_that_name' }),
      isOpen: (client) =>
        !(client as unknown as { connection: { stream: Socket } }).connection.stream.destroyed,
      async openCount() {
        const sql = 'SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = $1'
        const [row] = await database.query(sql, [config.application_name])
        return Number(row?.['count'])
      },
      async kill(client) {
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
        await database.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
      },
    }
  })
})

describeDriverContract('The driver in memory', () => {
  const server = new MockServer(systemClock)
  server.reply('no_such_table', new Error('relation "no_such_table" does not exist'))
  server.reply('pg_sleep', [], { delayMs: 50 })
  return {
    driver: createMockDriver(server),
    config: {},
    refuseLogin() {
      server.failConnect(new Error('role "nobody_of_that_name" does not exist'))
      return {}
    },
    isOpen: (client) => client instanceof MockClient && client.activity !== 'ended',
    openCount: () => server.openCount,
    async kill(client) {
      if (client instanceof MockClient) server.kill(client.connectionId)
    },
  }
})

test('connections that are opened side by side have each the config that it was asked for with', async () => {
  const driver = createDriver()
  const names = ['one', 'two', 'three']
  const clients = await Promise.all(
    names.map((name) => driver.open({ ...database.connection, application_name: name })),
  )
  const shown = await Promise.all(clients.map((client) => client.query('SHOW application_name')))
  expect(shown.map(({ rows }) => rows[0])).toEqual(names.map((name) => ({ application_name: name })))
  await Promise.all(clients.map((client) => driver.close(client)))
  await driver.end()
})

test('the driver on pg.Client cancels what a client runs, on the server', async () => {
  const driver = createClientDriver({ clock: systemClock })
  const client = await driver.open({ ...database.connection })
  const sleeping = client
    .query('SELECT pg_sleep(30)')
    .catch((error: unknown) => (error as { code: string }).code)
  await driver.cancel?.(client)
  expect(await sleeping).toBe('57014')
  await client.query('SELECT 1')
  await driver.close(client)
  await driver.end()
})

test('a cancel that overtakes its statement is sent again', async () => {
  const driver = createClientDriver({ clock: systemClock })
  // The first is the client itself, those after it are cancel requests.
  let connectionCount = 0
  const relay = createServer((socket) => {
    const { host, port } = database.connection
    socket.pipe(connect(port, host).on('close', () => socket.destroy())).pipe(socket)
    socket.on('error', () => undefined)
    const isFirstRequest = ++connectionCount === 2
    socket.on('close', () => {
      // It has been taken: only now the statement sets out.
      if (isFirstRequest) stream.uncork()
    })
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const { port } = relay.address() as AddressInfo
  const client = await driver.open({ ...database.connection, host: '127.0.0.1', port })
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  stream.cork()
  const sleeping = client
    .query('SELECT pg_sleep(30)')
    .catch((error: unknown) => (error as { code: string }).code)
  await driver.cancel?.(client)
  expect(await sleeping).toBe('57014')
  expect(connectionCount).toBeGreaterThan(2)
  await driver.close(client)
  await driver.end()
  await new Promise((resolve) => relay.close(resolve))
})

test('the driver on pg.Client ends an attempt at its deadline and when it is aborted, and leaves no socket', async () => {
  const driver = createClientDriver({ clock: systemClock })
  const sockets = new Set<Socket>()
  // It accepts and says nothing.
  const silent = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    socket.resume()
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const config = { ...database.connection, port: (silent.address() as AddressInfo).port }
  await expect(driver.open(config, { timeoutMs: 50 })).rejects.toThrow(
    /no answer within connectTimeoutMs \(50 ms\)/,
  )
  const abort = new AbortController()
  const aborted = driver.open(config, { timeoutMs: 60_000, signal: abort.signal })
  await waitFor(() => sockets.size > 0, { what: 'the socket' })
  abort.abort()
  await expect(aborted).rejects.toBeInstanceOf(Error)
  await waitFor(() => sockets.size === 0, { what: 'the end of the sockets' })
  await new Promise((resolve) => silent.close(resolve))
  await driver.end()
})
