import { createConnectionService } from '../../src/service/create-connection-service'
import { testDatabase, type TestDatabase } from '../support/postgres'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

test('one statement runs on a leased connection', async () => {
  await using connections = createConnectionService({ databases: { connection: database.url } })
  await using conn = await connections.connection()
  expect((await conn.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  conn.release()
})
