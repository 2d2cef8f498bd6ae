import { ResilientPoolStrategy } from '../../src/pool/resilient/resilient-pool'
import { describePoolStrategyContract } from '../../src/testing/pool-strategy-contract'
import { waitFor } from '../support/wait-for'
import { testDatabase, type TestDatabase } from '../support/postgres'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

describePoolStrategyContract(
  'ResilientPoolStrategy',
  (pool, onEvent) => new ResilientPoolStrategy({ connection: database.url, pool }, { onEvent }),
  {
    breakConnection: async ({ client }) => {
      const ended = new Promise((resolve) => client.once('end', resolve))
      await client.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined)
      await ended
    },
  },
)

test('after the contract the server has no connection left', async () => {
  await waitFor(async () => (await database.connectionCount()) === 0)
})
