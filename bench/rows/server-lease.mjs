// A lease with one statement on a real server: what an application sees of a pool. Throughput, and the time that 99 of 100 stay below.
import { measureLoad, ratioOf, rounds, takeTurns, toLine } from '../harness.mjs'
import { startPostgres } from '../support/product.mjs'
import { createServerPgPool, serverFaces } from '../support/server-pools.mjs'

const loads = [
  { callers: 1, count: 400 },
  { callers: 10, count: 1_000 },
  { callers: 50, count: 1_000 },
]
const turns = 8

const peer = 'pg.Pool'
// What the same pool has against itself is what this row cannot tell apart.
const control = 'pg.Pool, a second one'
const makers = { [peer]: createServerPgPool, [control]: createServerPgPool, ...serverFaces }

export async function run() {
  const server = await startPostgres()
  const raw = Object.fromEntries(
    loads.map((load) => [workOf(load), Object.fromEntries(Object.keys(makers).map((name) => [name, []]))]),
  )
  // Where the server's processes come to run is settled when they start, and who comes first is better off: pools are opened anew in
  // each round, and each time another one is the first.
  for (let round = 0; round < rounds; round++) {
    const pools = Object.fromEntries(
      rotated(Object.entries(makers), round).map(([name, make]) => [name, make(server.connection)]),
    )
    for (const load of loads) {
      const samples = await takeTurns(pools, (pool) => measureLoad(() => selectOne(pool), load), {
        count: turns,
      })
      for (const [name, added] of Object.entries(samples)) raw[workOf(load)][name].push(...added)
    }
    await Promise.all(Object.values(pools).map((pool) => pool.close()))
  }
  await server.stop()
  return { lines: loads.flatMap((load) => toLines(workOf(load), raw[workOf(load)])), raw }
}

const workOf = ({ callers }) => `lease + SELECT 1, ${callers} caller${callers === 1 ? '' : 's'}`

const selectOne = ({ lease }) => lease((client) => client.query('SELECT 1'))

const rotated = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]

function toLines(work, samples) {
  return [...Object.keys(serverFaces), control].flatMap((ours) => {
    const base = { work, ours, peer }
    const [atLeast, atMost] =
      ours === control
        ? []
        : [
            { sign: '>=', limit: 1 },
            { sign: '<=', limit: 1 },
          ]
    return [
      toLine({
        ...base,
        measure: 'leases/s',
        summary: ratioOf(samples, [ours, peer], 'perSecond'),
        ...atLeast,
      }),
      toLine({ ...base, measure: 'p99', summary: ratioOf(samples, [ours, peer], 'p99Ms'), ...atMost }),
    ]
  })
}
