import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { ClientBase } from 'pg'
import { createPgDriver } from '../../src/pool/pg-driver'
import { createClientDriver } from '../../src/pool/pg-driver-client'
import { createFaultProxy } from '../../src/testing/fault-proxy'
import { FakeClock } from '../support/fake-clock'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

/** Our end of the connection: the other end cannot see through such a network that it is gone. */
const socketOf = (client: ClientBase) =>
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream

test('a server that answers our goodbye is not forced, and no timer is left', async () => {
  const clock = new FakeClock()
  const driver = createPgDriver({ clock, connectTimeoutMs: 5_000 })
  const client = await driver.open(database.connection)
  const closing = driver.close(client)
  expect(clock.timerCount).toBe(1)
  await closing
  expect(clock.timerCount).toBe(0)
  expect(driver.activity(client)).toBe('ended')
  await waitFor(async () => (await database.connectionCount()) === 0)
  await driver.end()
})

test('a client that has logged in keeps nothing that it needed for that', async () => {
  const driver = createClientDriver({ clock: new FakeClock() })
  const client = await driver.open(database.connection)
  const { connection } = client as unknown as { readonly connection: EventEmitter }
  const names = connection.eventNames().map(String)
  expect(names.filter((name) => /^authentication|connect$/.test(name))).toEqual([])
  expect(names).toContain('readyForQuery')
  await client.query('SELECT 1')
  await driver.close(client)
})

test.each(['half-open', 'black-hole'] as const)(
  'a server that ignores our goodbye is left by force after one second (%s network)',
  async (mode) => {
    await using proxy = await createFaultProxy({ target: database.connection })
    const clock = new FakeClock()
    const driver = createPgDriver({ clock, connectTimeoutMs: 5_000 })
    const { host, port } = proxy
    const client = await driver.open({ ...database.connection, host, port })
    await proxy.setMode(mode)
    const bytesBefore = proxy.connections()[0]?.bytesFromClient ?? 0

    let isClosed = false
    void driver.close(client).then(() => {
      isClosed = true
    })
    await waitFor(() => (proxy.connections()[0]?.bytesFromClient ?? 0) > bytesBefore, { what: 'our goodbye' })
    await clock.advance(999)
    expect(isClosed).toBe(false)
    expect(socketOf(client).destroyed).toBe(false)

    await clock.advance(1)
    await waitFor(() => isClosed, { timeoutMs: 2_000, what: 'the forced close' })
    expect(socketOf(client).destroyed).toBe(true)
    expect(clock.timerCount).toBe(0)
    expect(driver.activity(client)).toBe('ended')
    await driver.end()
  },
)
