import { ResilientPoolStrategy } from '../../src/pool/resilient/resilient-pool'
import { SimplePoolStrategy } from '../../src/pool/simple-pool'
import { describePoolStrategyContract } from '../../src/testing/pool-strategy-contract'
import { waitFor } from '../support/wait-for'
import { testDatabase, type TestDatabase } from '../support/postgres'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

describe.each([SimplePoolStrategy, ResilientPoolStrategy])('on a real server', (Strategy) => {
  describePoolStrategyContract(
    Strategy.name,
    (pool, onEvent) => new Strategy({ connection: database.url, pool }, { onEvent }),
    {
      breakConnection: async ({ client }) => {
        const ended = new Promise((resolve) => client.once('end', resolve))
        await client.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined)
        await ended
      },
    },
  )
})

test('after the contract the server has no connection left', async () => {
  await waitFor(async () => (await database.connectionCount()) === 0)
})
