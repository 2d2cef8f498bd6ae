// A lease with one statement on a real server: what an application sees of a pool. Throughput, and the time that 99 of 100 stay below.
import { measureLoad, ratioOf, rounds, takeTurns, toLine } from '../harness.mjs'
import { startPostgres } from '../support/product.mjs'
import { createServerPgPool, serverFaces } from '../support/server-pools.mjs'

const loads = [
  { callers: 1, count: 800 },
  { callers: 10, count: 3_000 },
  { callers: 50, count: 3_000 },
]

export async function run() {
  const server = await startPostgres()
  const faces = Object.fromEntries(
    Object.entries(serverFaces).map(([name, make]) => [name, make(server.connection)]),
  )
  const contenders = { 'pg.Pool': createServerPgPool(server.connection), ...faces }
  const raw = {}
  const lines = []
  for (const load of loads) {
    const work = `lease + SELECT 1, ${load.callers} caller${load.callers === 1 ? '' : 's'}`
    const samples = await takeTurns(
      contenders,
      ({ lease }) => measureLoad(() => lease((client) => client.query('SELECT 1')), load),
      // The differences are small and the server is noisy: more rounds than elsewhere.
      { count: rounds * 3 },
    )
    raw[work] = samples
    for (const ours of Object.keys(faces)) {
      const base = { work, ours, peer: 'pg.Pool' }
      const rate = ratioOf(samples, [ours, 'pg.Pool'], 'perSecond')
      lines.push(toLine({ ...base, measure: 'leases/s', summary: rate, sign: '>=', limit: 1 }))
      const p99 = ratioOf(samples, [ours, 'pg.Pool'], 'p99Ms')
      lines.push(toLine({ ...base, measure: 'p99', summary: p99, sign: '<=', limit: 1 }))
    }
  }
  await Promise.all(Object.values(contenders).map(({ close }) => close()))
  await server.stop()
  return { lines, raw }
}
