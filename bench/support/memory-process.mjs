// How much memory one more idle connection, or one more waiter, takes: the difference between a few and many, so that what a pool takes
// once does not count. `node --expose-gc memory-process.mjs '{"side","what","connection"}'` prints bytes for each.
import { setTimeout as delay } from 'node:timers/promises'
import { createServerPgPool, serverFaces } from './server-pools.mjs'

const { side, what, connection } = JSON.parse(process.argv[2])
const make = side === 'pg.Pool' ? createServerPgPool : serverFaces[side]
const bytes = what === 'idle' ? await measureIdle() : await measureWaiters()
console.log(JSON.stringify({ bytes }))

async function measureIdle() {
  const few = 10
  const many = 60
  await warmUp(many)
  const pool = make(connection, many)
  await hold(pool, few)
  const before = await used()
  await hold(pool, many)
  const after = await used()
  await pool.close()
  return (after - before) / (many - few)
}

/** Code is compiled, and compiled again for speed, while connections are opened: a pool takes it once, however many it has. */
async function warmUp(count) {
  for (let round = 0; round < 2; round++) {
    const pool = make(connection, count)
    for (let use = 0; use < 4; use++) await hold(pool, count)
    await pool.close()
  }
}

/** Opens as many connections as are asked for: all are out at once before the first goes back. */
async function hold(pool, count) {
  let arrived = 0
  let open
  const allThere = new Promise((resolve) => (open = resolve))
  await Promise.all(
    Array.from({ length: count }, () =>
      pool.lease(async (client) => {
        await client.query('SELECT 1')
        if (++arrived === count) open()
        await allThere
      }),
    ),
  )
}

async function measureWaiters() {
  const few = 1_000
  const many = 11_000
  const pool = make(connection, 1, { maxWaiting: many, acquireTimeoutMs: 60_000 })
  const held = await acquire(pool)
  const waiting = []
  const enqueue = (count) => {
    while (waiting.length < count) waiting.push(acquire(pool))
  }
  enqueue(few)
  const before = await used()
  enqueue(many)
  const after = await used()
  held.release()
  for (const next of waiting) (await next).release()
  await pool.close()
  return (after - before) / (many - few)
}

function acquire({ pool, service }) {
  return pool === undefined ? service.connection() : pool.connect()
}

async function used() {
  // What ends in a later turn of the event loop has ended by then.
  await delay(50)
  for (let round = 0; round < 5; round++) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
