import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { systemClock } from '../../src/core/clock'
import { MockClient } from '../../src/pool/mock-client'
import { createMockDriver } from '../../src/pool/mock-pool'
import { MockServer } from '../../src/pool/mock-server'
import { createPgDriver } from '../../src/pool/pg-driver'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { describeDriverContract } from './driver-contract'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const createDriver = () => createPgDriver({ clock: systemClock, connectTimeoutMs: 5_000 })

describeDriverContract('The driver on pg.Pool', () => {
  // Sessions bear the name of their bench, so that no case counts what another one left behind.
  const config = { ...database.connection, application_name: `bench ${randomUUID()}` }
  return {
    driver: createDriver(),
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
