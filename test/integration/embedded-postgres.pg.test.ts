import { testDatabase } from '../support/postgres'
test('a database of the shared server answers', async () => {
  await using db = await testDatabase()
  expect((await db.query('select 1 as one'))[0]).toEqual({ one: 1 })
  expect(await db.connectionCount()).toBe(0)
})
