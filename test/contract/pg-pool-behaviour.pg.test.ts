import { Pool as StockPool } from 'pg'
import { Pool } from 'pgferry/pg'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { describePgPoolBehaviour } from './pg-pool-behaviour'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(async () => {
  await database.close()
})

describePgPoolBehaviour({ name: 'pg.Pool', make: (options) => new StockPool(options) }, () => database)
describePgPoolBehaviour({ name: 'pgferry/pg', make: (options) => new Pool(options) }, () => database)
