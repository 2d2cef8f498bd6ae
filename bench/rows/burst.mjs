// 50 callers at once find one idle connection. Opening nine more costs more than it brings when statements are short, and is right when
// they are long. Measured: how many are opened, as the server counts them, and how long the callers wait.
import { median, percentile, ratioOf, rounds, takeTurns, toLine } from '../harness.mjs'
import { startPostgres } from '../support/product.mjs'
import { createServerPgPool, serverFaces } from '../support/server-pools.mjs'

const callers = 50
const statements = ['SELECT 1', 'SELECT pg_sleep(0.001)', 'SELECT pg_sleep(0.01)']

export async function run() {
  const server = await startPostgres()
  const contenders = { 'pg.Pool': createServerPgPool, ...serverFaces }
  const raw = {}
  const lines = []
  for (const statement of statements) {
    const work = `50 callers at once, 1 idle, ${statement}`
    const samples = await takeTurns(contenders, (make) => burst(make, server, statement), {
      count: rounds * 3,
    })
    raw[work] = samples
    for (const ours of Object.keys(serverFaces)) {
      const summary = ratioOf(samples, [ours, 'pg.Pool'], 'p99Ms')
      const opened = (name) => median(samples[name].map((sample) => sample.opened))
      const note = `opened ${opened(ours)}, pg.Pool ${opened('pg.Pool')}`
      lines.push(
        toLine({ work, ours, peer: 'pg.Pool', measure: 'p99', summary, sign: '<=', limit: 1.2, note }),
      )
    }
  }
  await server.stop()
  return { lines, raw }
}

async function burst(make, server, statement) {
  const side = make({ ...server.connection, application_name: 'burst' })
  const query = (client) => client.query(statement)
  // The connection that will be idle has been used before, as it would have been.
  await side.lease(query)
  const before = await countSessions(server)
  const latenciesMs = []
  const caller = async () => {
    const startedAtMs = performance.now()
    await side.lease(query)
    latenciesMs.push(performance.now() - startedAtMs)
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const opened = (await countSessions(server)) - before
  await side.close()
  return { opened, p50Ms: percentile(latenciesMs, 0.5), p99Ms: percentile(latenciesMs, 0.99) }
}

async function countSessions(server) {
  const [row] = await server.query(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'burst'",
  )
  return row.count
}
