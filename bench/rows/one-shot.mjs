// One parameterised statement without a lease, 50 callers. Every side with its defaults and ten connections.
import postgres from 'postgres'
import { measureLoad, ratioOf, takeTurns, toLine } from '../harness.mjs'
import { startPostgres } from '../support/product.mjs'
import { createServerPgPool, createServerService, serverFaces } from '../support/server-pools.mjs'

const work = 'one parameterised statement, 50 callers'
const load = { callers: 50, count: 6_000 }
const text = 'SELECT $1::int + $2::int AS sum'

export async function run() {
  const server = await startPostgres()
  const { host, port, user, database } = server.connection
  const sql = postgres({ host, port, user, database, max: 10, onnotice: () => undefined })
  const pgPool = createServerPgPool(server.connection)
  const { service, close } = createServerService(server.connection)
  const dropIn = serverFaces["pgferry/pg's Pool"]?.(server.connection)
  const contenders = {
    'pg.Pool.query': () => pgPool.pool.query(text, [19, 23]),
    'postgres.js': () => sql`SELECT ${19}::int + ${23}::int AS sum`,
    'service.query': () => service.query(text, [19, 23]),
    ...(dropIn && { "pgferry/pg's Pool.query": () => dropIn.pool.query(text, [19, 23]) }),
  }
  await checkAnswers(contenders)
  const samples = await takeTurns(contenders, (query) => measureLoad(query, load))
  const against = (ours, peer, key = 'perSecond') => ratioOf(samples, [ours, peer], key)
  const base = { work, ours: 'service.query', measure: 'statements/s' }
  const line = (rest) => toLine({ ...base, ...rest, summary: against('service.query', rest.peer) })
  const lines = [
    line({ peer: 'pg.Pool.query', sign: '>=', limit: 2.5 }),
    line({ peer: 'postgres.js', sign: '>', limit: 1 }),
    toLine({
      ...base,
      measure: 'p99',
      peer: 'pg.Pool.query',
      summary: against('service.query', 'pg.Pool.query', 'p99Ms'),
    }),
  ]
  if (dropIn !== undefined) {
    const ours = "pgferry/pg's Pool.query"
    lines.push(toLine({ ...base, ours, peer: 'pg.Pool.query', summary: against(ours, 'pg.Pool.query') }))
  }
  await Promise.all([sql.end(), pgPool.close(), close(), dropIn?.close()])
  await server.stop()
  return { lines, raw: { [work]: samples } }
}

/** Who gives no answer, or the wrong one, may be as fast as he likes. */
async function checkAnswers(contenders) {
  for (const [name, query] of Object.entries(contenders)) {
    const answer = await query()
    const [row] = answer.rows ?? answer
    if (row.sum !== 42) throw new Error(`${name} answered ${JSON.stringify(row)}`)
  }
}
