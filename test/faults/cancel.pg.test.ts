import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'
import { useFaultReport } from './support/fault-report'
import { withWatch } from './support/fault-watch'
import { codeOf, codesOf, many } from './support/outcomes'
import { processIdOf } from './support/watched-driver'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
useFaultReport('cancel')

const spec = (pool: { max: number; resetTimeoutMs?: number }) => ({
  servers: [database],
  connection: database.connection,
  pool,
})

test('released while a long statement runs: it is cancelled on the server, and no later borrower is hit', () =>
  withWatch('release while busy', spec({ max: 2, resetTimeoutMs: 100 }), async (watch) => {
    for (let round = 0; round < 5; round++) {
      const lease = await watch.acquire()
      const left = codeOf(lease.client.query('SELECT pg_sleep(30)'))
      watch.release(lease)
      expect(codesOf(await many(10, () => watch.run('SELECT pg_sleep(0.005)')))).toEqual(['ok'])
      expect(await left).not.toBe('ok')
    }
    const running =
      "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND state = 'active' AND pid <> pg_backend_pid()"
    await waitFor(async () => (await database.query(running)).length === 0)
    expect(watch.count('released-while-busy')).toBe(5)
    await watch.recovers()
  }))

test('a statement that ends at the very moment of its cancel: whoever comes next is never the one that is cancelled', () =>
  withWatch('cancel race at give-back', spec({ max: 2, resetTimeoutMs: 50 }), async (watch) => {
    // The pool waits for 10 ms before it cancels; these end a little before, at, and after that.
    for (let round = 0; round < 30; round++) {
      const lease = await watch.acquire()
      const left = codeOf(lease.client.query(`SELECT pg_sleep(${(0.007 + round * 0.0002).toFixed(4)})`))
      watch.release(lease)
      expect(codesOf(await many(4, () => watch.run('SELECT pg_sleep(0.001)')))).toEqual(['ok'])
      await left
    }
    await watch.recovers()
  }))

test('cancelled by somebody else at give-back: the connection is kept, its next borrower is not cancelled', () =>
  withWatch('pg_cancel_backend at give-back', spec({ max: 1 }), async (watch) => {
    for (let round = 0; round < 10; round++) {
      const lease = await watch.acquire()
      const left = codeOf(lease.client.query('SELECT pg_sleep(30)'))
      await waitFor(
        async () =>
          (
            await database.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'", [
              processIdOf(lease.client),
            ])
          ).length === 1,
        { intervalMs: 1 },
      )
      const cancelled = database.query('SELECT pg_cancel_backend($1)', [processIdOf(lease.client)])
      watch.release(lease)
      expect(await codeOf(watch.run('SELECT pg_sleep(0.001)'))).toBe('ok')
      await cancelled
      expect(await left).toBe('57014')
    }
    expect(watch.count('connection-opened')).toBe(1)
    await watch.recovers()
  }))
