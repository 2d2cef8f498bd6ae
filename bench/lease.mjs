// What a lease costs through the service and through the ferry, against pg.Pool, on one real server in one run. Contenders take
// turns in every round, so that whatever else the machine does hits all of them; the table shows medians of the ratios.
// Raw numbers go to bench/results/lease.json. Run by `npm run bench` (which builds first).
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { createConnectionService } from 'pgferry'
import { createFerry, fromPgPool, staticFlags } from 'pgferry/legacy'
import { startPostgres } from 'pgferry/testing'

const rounds = Number(process.env.PGFERRY_BENCH_ROUNDS ?? 9)
const max = 10

const server = await startPostgres()
const newPool = () => new pg.Pool({ ...server.connection, max })
const newService = () =>
  createConnectionService({ databases: { connection: server.connection, pool: { max } } })

const peer = newPool()
const service = newService()
const ferryPool = newPool()
const ferryService = newService()
const flags = staticFlags({ legacy: 0, service: 1 })
const ferry = createFerry({
  service: ferryService,
  legacy: fromPgPool(ferryPool),
  flags,
  components: ['legacy', 'service'].map((name) => ({ name, stage: 'live', pools: { parity: 'waiting' } })),
})

const overPgPool = (pool) => async (use) => {
  const client = await pool.connect()
  try {
    await use(client)
  } finally {
    client.release()
  }
}
const overService = (connections) => (use) => connections.withConnection('general', use)
const overGetconn = (pools) => async (use) => {
  const connection = await pools.getconn()
  try {
    await use(connection)
  } finally {
    pools.putconn(connection)
  }
}
const contenders = {
  'pg.Pool': overPgPool(peer),
  service: overService(service),
  'ferry, legacy side, getconn': overGetconn(ferry.component('legacy').pools),
  'ferry, service side, getconn': overGetconn(ferry.component('service').pools),
  'ferry, service side, connections': overService(ferry.component('service').connections),
}
const works = {
  'acquire + release, 1 caller': { callers: 1, leases: 4_000, use: () => undefined },
  'acquire + release, 50 callers': { callers: 50, leases: 4_000, use: () => undefined },
  'lease + SELECT 1, 1 caller': { callers: 1, leases: 600, use: (client) => client.query('SELECT 1') },
  'lease + SELECT 1, 50 callers': { callers: 50, leases: 1_500, use: (client) => client.query('SELECT 1') },
}

async function leasesPerSecond(lease, { callers, leases, use }) {
  const startedAtMs = performance.now()
  let left = leases
  const caller = async () => {
    while (left-- > 0) await lease(use)
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (leases * 1000) / (performance.now() - startedAtMs)
}

const raw = {}
for (const [work, settings] of Object.entries(works)) {
  raw[work] = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    for (const [name, lease] of Object.entries(contenders)) {
      const rate = await leasesPerSecond(lease, settings)
      // The first round warms up.
      if (round >= 0) raw[work][name].push(Math.round(rate))
    }
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
const rows = Object.entries(raw).map(([work, rates]) => {
  const ratios = Object.entries(rates).map(([name, list]) => [
    name,
    `${median(list.map((rate, round) => rate / rates['pg.Pool'][round])).toFixed(2)} x`,
  ])
  return [work, { 'pg.Pool, leases/s': median(rates['pg.Pool']), ...Object.fromEntries(ratios.slice(1)) }]
})
console.log(`throughput against pg.Pool in the same run, medians of ${rounds} rounds; more is better`)
console.table(Object.fromEntries(rows))

const results = join(dirname(fileURLToPath(import.meta.url)), 'results')
mkdirSync(results, { recursive: true })
const environment = { node: process.version, cores: cpus().length, rounds, max, unit: 'leases per second' }
writeFileSync(join(results, 'lease.json'), `${JSON.stringify({ environment, raw }, null, 2)}\n`)

await ferry.close()
await Promise.all([service.close(), ferryService.close(), peer.end(), ferryPool.end()])
await server.stop()
