// The primary goes away under eight writers and the standby takes over: in order, and by a crash. Our service knows both hosts and finds
// the primary by itself; pg.Pool is pointed to the new one by hand, at the very instant of the promotion, which no hand could do.
import { rounds, summarise, takeTurns, toLine } from '../harness.mjs'
import { changePrimary } from '../support/failover.mjs'
import { createConnectionService, pg } from '../support/product.mjs'

const kinds = { planned: 'planned switchover, 8 writers', crash: 'crash failover, 8 writers' }
const insert = 'INSERT INTO written VALUES ($1)'
const sides = { 'service with hosts': serviceSide, 'pg.Pool': pgPoolSide }

export async function run() {
  const raw = {}
  const lines = []
  for (const [kind, work] of Object.entries(kinds)) {
    // Each takes seconds.
    const samples = await takeTurns(sides, (side) => changePrimary(kind, side), {
      count: Math.min(rounds, 5),
      warmUps: 0,
    })
    raw[work] = samples
    lines.push(...toLines(work, samples))
  }
  return { lines, raw }
}

const measures = [
  {
    measure: 'promotion to first write, worst',
    key: 'firstWriteMs',
    unit: 'ms',
    summarise: worst,
    limit: 500,
  },
  { measure: 'promotion to last writer, worst', key: 'lastWriterMs', unit: 'ms', summarise: worst },
  { measure: 'acknowledged writes lost', key: 'lost', unit: 'writes', summarise: total, limit: 0 },
  {
    measure: 'done, reported as failed',
    key: 'doneThoughRefused',
    unit: 'writes',
    summarise: total,
    limit: 0,
  },
  { measure: 'reported as unknown', key: 'unknown', unit: 'writes', summarise: total },
]

function toLines(work, samples) {
  return measures.map(({ measure, key, unit, summarise: summary, limit }) => {
    const of = (side) => summary(samples[side].map((sample) => sample[key]))
    return toLine({
      work,
      ours: 'service with hosts',
      peer: 'pg.Pool by hand',
      measure,
      unit,
      summary: of('service with hosts'),
      ...(limit !== undefined && { sign: '<=', limit }),
      note: `pg.Pool ${Math.round(of('pg.Pool').value)} ${unit}`,
    })
  })
}

/** Not the usual run but the worst is what counts here. */
function worst(numbers) {
  return { ...summarise(numbers), value: Math.max(...numbers) }
}

function total(numbers) {
  const value = numbers.reduce((sum, number) => sum + number, 0)
  return { value, low: value, high: value }
}

function serviceSide(primary, standby) {
  const { user, database } = primary.connection
  const hosts = [primary, standby].map(({ host, port }) => ({ host, port }))
  const service = createConnectionService({ databases: { connection: { user, database }, hosts } })
  // The three ways to write, in turn.
  const ways = [
    (id) => service.query(insert, [id]),
    (id) => service.withConnection('general', (connection) => connection.query(insert, [id])),
    (id) => service.withTransaction('general', (connection) => connection.query(insert, [id])),
  ]
  return {
    write: (id, writer) => ways[writer % ways.length](id),
    isUnknown: ({ code }) => code === 'OUTCOME_UNKNOWN',
    onPromoted() {
      // It has to find out by itself.
    },
    close: () => service.close(),
  }
}

function pgPoolSide(primary) {
  const open = ({ connection }) => {
    const pool = new pg.Pool({ ...connection })
    pool.on('error', () => undefined)
    return pool
  }
  const retired = []
  let pool = open(primary)
  return {
    write: (id) => pool.query(insert, [id]),
    // Its errors do not tell.
    isUnknown: () => false,
    onPromoted(server) {
      retired.push(pool)
      pool = open(server)
    },
    close: () => Promise.all([pool, ...retired].map((each) => each.end())),
  }
}
