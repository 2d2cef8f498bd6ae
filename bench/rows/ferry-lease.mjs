// The same through the ferry, with all traffic on the service's side: each lease asks the flag, is a unit of work or belongs to one, is
// booked and given back by its origin. Every face that old and new call sites use, and a unit of work around the lease. Each in a process
// of its own.
import { AsyncLocalStorage } from 'node:async_hooks'
import { ratioOf, toLine } from '../harness.mjs'
import { takeProcessTurns } from '../support/contender-processes.mjs'
import { createFerry, fromPgPool, pg, staticFlags } from '../support/product.mjs'
import { StubClient } from '../support/stub-client.mjs'
import {
  createStubPgPool,
  createStubService,
  loopConnection,
  loopPgPool,
  loopWithConnection,
} from '../support/stub-pools.mjs'

const works = {
  'through createFerry, stub, 1 caller': { callers: 1 },
  'through createFerry, stub, 50 callers on 10': { callers: 50 },
}

/** By name: the faces of the ferry. */
const faces = {
  'connections.connection()': ({ connections }) => loopConnection(connections),
  'connections.withConnection()': ({ connections }) => loopWithConnection(connections),
  'unitOfWork + connection()': loopUnitOfWork,
  'infra.getDbConnection()': loopInfra,
  'pools.getconn()': loopGetconn,
  'pgPool.connect()': ({ pgPool }) => loopPgPool(pgPool),
}

/** `pg.Pool` for whoever keeps a context for the work around a lease: what following a context costs every promise of a process. */
const inContext = 'pg.Pool in AsyncLocalStorage.run()'
/** What a unit is without any lease: a context, work that waits once, and a promise for its end. No unit of any library is faster. */
const emptyUnit = 'AsyncLocalStorage.run() around nothing'
/** Faces that keep one, because what their work acquires has to agree with it; what they could reach is told by the empty unit. */
const keepContext = ['connections.withConnection()', 'unitOfWork + connection()']

export const contenders = {
  'pg.Pool': createStubPgPool,
  [inContext]: () => ({ caller: loopInContext(createStubPgPool().pool) }),
  [emptyUnit]: () => ({ caller: loopEmptyUnit() }),
  ...Object.fromEntries(
    Object.entries(faces).map(([name, loop]) => [name, () => ({ caller: loop(createComponent()) })]),
  ),
}

export async function run() {
  const raw = {}
  const lines = []
  for (const [work, load] of Object.entries(works)) {
    const samples = await takeProcessTurns(import.meta.url, Object.keys(contenders), load)
    raw[work] = samples
    const most = ratioOf(samples, [emptyUnit, 'pg.Pool'], 'perSecond')
    lines.push(
      toLine({
        work,
        ours: emptyUnit,
        peer: 'pg.Pool',
        measure: 'units/s to leases/s',
        summary: most,
        note: 'no lease in it',
      }),
    )
    for (const ours of Object.keys(faces)) {
      const summary = ratioOf(samples, [ours, 'pg.Pool'], 'perSecond')
      const line = { work, ours, measure: 'leases/s' }
      if (keepContext.includes(ours)) {
        lines.push(toLine({ ...line, peer: 'pg.Pool', summary, note: 'keeps a context' }))
        const inTheSame = ratioOf(samples, [ours, inContext], 'perSecond')
        lines.push(toLine({ ...line, peer: inContext, summary: inTheSame, note: 'both keep a context' }))
      } else lines.push(toLine({ ...line, peer: 'pg.Pool', summary, sign: '>=', limit: 2 }))
    }
  }
  return { lines, raw }
}

function createComponent() {
  const ferry = createFerry({
    service: createStubService(),
    legacy: fromPgPool(new pg.Pool({ Client: StubClient })),
    flags: staticFlags({ moved: 1 }),
    components: [{ name: 'moved', stage: 'live', pools: { parity: 'waiting' } }],
  })
  const { connections, infra, pools, pgPool } = ferry.component('moved')
  return { ferry, connections, infra, pools, pgPool }
}

function loopUnitOfWork({ ferry, connections }) {
  const lease = async () => {
    const connection = await connections.connection()
    connection.release()
  }
  return async (left) => {
    while (left.count-- > 0) await ferry.unitOfWork('moved', lease)
  }
}

function loopInContext(pool) {
  const storage = new AsyncLocalStorage()
  const lease = async () => {
    const client = await pool.connect()
    client.release()
  }
  return async (left) => {
    while (left.count-- > 0) await storage.run({}, lease)
  }
}

function loopEmptyUnit() {
  const storage = new AsyncLocalStorage()
  const nothing = async () => {
    await Promise.resolve()
  }
  const done = (value) => value
  return async (left) => {
    while (left.count-- > 0) await storage.run({}, nothing).then(done)
  }
}

function loopInfra({ infra }) {
  return async (left) => {
    while (left.count-- > 0) {
      const connection = await infra.getDbConnection()
      infra.releaseDbConnection(connection)
    }
  }
}

function loopGetconn({ pools }) {
  return async (left) => {
    while (left.count-- > 0) {
      const connection = await pools.getconn()
      pools.putconn(connection)
    }
  }
}
