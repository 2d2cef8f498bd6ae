import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientBase } from 'pg'
import { openTraced } from '../../../src/pool/open-traced'
import { FakeClock } from '../../support/fake-clock'

const config = { connectionString: 'postgresql://app:hunter2@db.example:5433/shop' }
const client = {} as unknown as ClientBase
const messages: unknown[] = []
const listener = (message: unknown): void => {
  messages.push(message)
}

beforeEach(() => {
  messages.length = 0
  subscribe('tracing:pgferry:connect:asyncEnd', listener)
})
afterEach(() => {
  unsubscribe('tracing:pgferry:connect:asyncEnd', listener)
})

test('a connect is traced with where it goes and how long it took, without user and password', async () => {
  const clock = new FakeClock()
  const open = async (): Promise<ClientBase> => {
    await clock.advance(30)
    return client
  }
  await expect(openTraced({ name: 'main', owner: {}, clock }, config, open)).resolves.toBe(client)
  expect(messages).toEqual([
    { pool: 'main', host: 'db.example', port: 5433, database: 'shop', durationMs: 30 },
  ])
})

test('a connect that fails is traced with what is safe to tell of its error', async () => {
  const error = Object.assign(new Error('no pg_hba.conf entry for user "app"'), { code: '28000' })
  const context = { name: 'main', owner: {}, clock: new FakeClock() }
  await expect(openTraced(context, config, () => Promise.reject(error))).rejects.toBe(error)
  expect(messages).toMatchObject([{ error: { message: 'no pg_hba.conf entry for user ?', code: '28000' } }])
})

test('a pool that does not say who it is publishes nothing', async () => {
  const context = { name: 'main', clock: new FakeClock() }
  await openTraced(context, config, () => Promise.resolve(client))
  expect(messages).toEqual([])
})
