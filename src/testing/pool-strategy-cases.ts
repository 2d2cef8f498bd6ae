import assert from 'node:assert/strict'
import { AcquireTimeoutError } from '../core/errors'
import type { ConnectionEvent } from '../core/events'
import type { PoolOptions } from '../pool/pool-options'
import type { PooledConnection, PoolStrategy } from '../pool/pool-strategy'

export interface PoolStrategySubject {
  readonly pool: PoolStrategy
  readonly events: readonly ConnectionEvent[]
}

/** Breaks a leased connection from the server's side and resolves when the client has noticed. */
export type BreakConnection = (connection: PooledConnection, strategy: PoolStrategy) => Promise<void>

export type PoolStrategyCase = (
  make: (pool?: PoolOptions) => Promise<PoolStrategySubject>,
  tools: { readonly breakConnection: BreakConnection },
) => Promise<void>

const request = { purpose: 'contract' } as const

/** What every pool strategy does, by the title of the case that shows it. */
export const poolStrategyCases: Readonly<Record<string, PoolStrategyCase>> = {
  'lends a connection that answers': async (make) => {
    const { pool } = await make()
    const connection = await pool.acquire(request)
    await connection.client.query('SELECT 1')
    assert.equal(pool.stats().leased, 1)
    pool.release(connection, 'reuse')
    assert.deepEqual(pick(pool, 'leased', 'idle', 'total'), { leased: 0, idle: 1, total: 1 })
    await pool.close()
  },
  'lends the same client again under a new lease': async (make) => {
    const { pool } = await make({ max: 1 })
    const first = await pool.acquire(request)
    pool.release(first, 'reuse')
    const second = await pool.acquire(request)
    assert.equal(second.client, first.client)
    assert.notEqual(second, first)
    pool.release(second, 'reuse')
    await pool.close()
  },
  'never lends one connection to two borrowers and never more than max': async (make) => {
    const { pool } = await make({ max: 2 })
    const [a, b] = await Promise.all([pool.acquire(request), pool.acquire(request)])
    assert.notEqual(a.client, b.client)
    await assert.rejects(pool.acquire({ ...request, timeoutMs: 20 }), { code: 'ACQUIRE_TIMEOUT' })
    assert.deepEqual(pick(pool, 'leased', 'total'), { leased: 2, total: 2 })
    pool.release(a, 'reuse')
    pool.release(b, 'reuse')
    await pool.close()
  },
  'serves callers in order of arrival': async (make) => {
    const { pool } = await make({ max: 1 })
    const order: number[] = []
    const borrow = async (turn: number): Promise<void> => {
      const connection = await pool.acquire(request)
      order.push(turn)
      await connection.client.query('SELECT 1')
      pool.release(connection, 'reuse')
    }
    await Promise.all([1, 2, 3, 4, 5].map(borrow))
    assert.deepEqual(order, [1, 2, 3, 4, 5])
    await pool.close()
  },
  'tells a caller whose deadline passes what the pool looked like': async (make) => {
    const { pool } = await make({ max: 1 })
    const connection = await pool.acquire(request)
    const error: unknown = await pool
      .acquire({ ...request, timeoutMs: 20 })
      .catch((reason: unknown) => reason)
    assert.ok(error instanceof AcquireTimeoutError)
    const { total, idle, leased, waiting, max } = error.pool ?? {}
    const expected = { total: 1, idle: 0, leased: 1, waiting: 0, max: 1 }
    assert.deepEqual({ total, idle, leased, waiting, max }, expected)
    pool.release(connection, 'reuse')
    await pool.close()
  },
  'loses no connection to a caller whose deadline has passed': async (make) => {
    const { pool } = await make({ max: 1 })
    const first = await pool.acquire(request)
    await assert.rejects(pool.acquire({ ...request, timeoutMs: 20 }), { code: 'ACQUIRE_TIMEOUT' })
    pool.release(first, 'reuse')
    const second = await pool.acquire(request)
    pool.release(second, 'reuse')
    assert.deepEqual(pick(pool, 'leased', 'total', 'waiting'), { leased: 0, total: 1, waiting: 0 })
    await pool.close()
  },
  'ends a wait by signal and loses no connection': async (make) => {
    const { pool } = await make({ max: 1 })
    const reason = new Error('the request was cancelled')
    const controller = new AbortController()
    const aborted = pool.acquire({ ...request, signal: controller.signal })
    controller.abort(reason)
    await assert.rejects(aborted, { code: 'ACQUIRE_ABORTED', cause: reason })
    await assert.rejects(pool.acquire({ ...request, signal: controller.signal }), { code: 'ACQUIRE_ABORTED' })
    const connection = await pool.acquire(request)
    pool.release(connection, 'reuse')
    assert.deepEqual(pick(pool, 'leased', 'total', 'waiting'), { leased: 0, total: 1, waiting: 0 })
    await pool.close()
  },
  'refuses one caller more than may wait': async (make) => {
    const { pool } = await make({ max: 1, maxWaiting: 1 })
    const connection = await pool.acquire(request)
    const waiting = pool.acquire(request)
    await assert.rejects(pool.acquire(request), { code: 'POOL_SATURATED' })
    pool.release(connection, 'reuse')
    pool.release(await waiting, 'reuse')
    await pool.close()
  },
  'refuses a foreign or second give-back and changes nothing': async (make) => {
    const { pool } = await make({ max: 2 })
    const { pool: other } = await make({ max: 1 })
    const connection = await pool.acquire(request)
    assert.throws(
      () => {
        other.release(connection, 'reuse')
      },
      { code: 'FOREIGN_CONNECTION' },
    )
    pool.release(connection, 'reuse')
    assert.throws(
      () => {
        pool.release(connection, 'discard')
      },
      { code: 'FOREIGN_CONNECTION' },
    )
    assert.deepEqual(pick(pool, 'idle', 'leased', 'total'), { idle: 1, leased: 0, total: 1 })
    await Promise.all([pool.close(), other.close()])
  },
  'rolls back a transaction that was left open before anybody else gets the connection': async (make) => {
    const { pool, events } = await make({ max: 1 })
    const connection = await pool.acquire(request)
    await connection.client.query('BEGIN')
    pool.release(connection, 'reuse')
    const next = await pool.acquire(request)
    assert.equal(next.client, connection.client)
    assert.equal(next.client.getTransactionStatus(), 'I')
    const reports = events.filter((event) => event.kind === 'open-transaction-rolled-back')
    assert.deepEqual(
      reports.map(({ purpose, status }) => ({ purpose, status })),
      [{ purpose: 'contract', status: 'open' }],
    )
    pool.release(next, 'reuse')
    await pool.close()
  },
  'closes a connection with an open transaction when told to': async (make) => {
    const { pool } = await make({ max: 1, openTransactionOnRelease: 'destroy' })
    const connection = await pool.acquire(request)
    await connection.client.query('BEGIN')
    pool.release(connection, 'reuse')
    const next = await pool.acquire(request)
    assert.notEqual(next.client, connection.client)
    pool.release(next, 'reuse')
    await pool.close()
  },
  'keeps a connection apart until the queries of its last borrower have ended': async (make) => {
    const { pool, events } = await make({ max: 1 })
    const connection = await pool.acquire(request)
    await connection.client.query('BEGIN')
    const unawaited = connection.client.query('SELECT 1')
    const commit = connection.client.query('COMMIT')
    pool.release(connection, 'reuse')
    assert.deepEqual(pick(pool, 'idle', 'resetting'), { idle: 0, resetting: 1 })
    const next = await pool.acquire(request)
    assert.equal(next.client.getTransactionStatus(), 'I')
    assert.equal((await commit).command, 'COMMIT')
    await unawaited
    assert.deepEqual(kinds(events, 'released-while-busy', 'open-transaction-rolled-back'), [
      'released-while-busy',
    ])
    pool.release(next, 'reuse')
    await pool.close()
  },
  'closes a connection that its borrower discards': async (make) => {
    const { pool, events } = await make({ max: 1 })
    const connection = await pool.acquire(request)
    pool.release(connection, 'discard')
    const next = await pool.acquire(request)
    assert.notEqual(next.client, connection.client)
    assert.deepEqual(closeReasons(events), ['discarded'])
    pool.release(next, 'reuse')
    await pool.close()
  },
  'counts a connection that is being closed in the total until it is gone': async (make) => {
    const { pool } = await make({ max: 1 })
    pool.release(await pool.acquire(request), 'discard')
    const expected = { total: 1, idle: 0, leased: 0, resetting: 0, opening: 0, closing: 1 }
    assert.deepEqual(pick(pool, 'total', 'idle', 'leased', 'resetting', 'opening', 'closing'), expected)
    // Its successor is opened once it is gone, so the total stays within max.
    const next = await pool.acquire(request)
    assert.deepEqual(pick(pool, 'total', 'leased', 'closing'), { total: 1, leased: 1, closing: 0 })
    pool.release(next, 'reuse')
    await pool.close()
  },
  'does not lend a connection again that broke while it was out': async (make, { breakConnection }) => {
    const { pool, events } = await make({ max: 1 })
    const connection = await pool.acquire(request)
    await breakConnection(connection, pool)
    pool.release(connection, 'reuse')
    const next = await pool.acquire(request)
    assert.notEqual(next.client, connection.client)
    await next.client.query('SELECT 1')
    assert.deepEqual(closeReasons(events), ['failed'])
    pool.release(next, 'reuse')
    await pool.close()
  },
  'replaces every connection when it drains, leased ones at give-back': async (make) => {
    const { pool, events } = await make({ max: 2 })
    const [leased, idle] = await Promise.all([pool.acquire(request), pool.acquire(request)])
    pool.release(idle, 'reuse')
    const drained = pool.drain('the server has moved')
    const fresh = await pool.acquire(request)
    assert.ok(fresh.client !== leased.client && fresh.client !== idle.client)
    pool.release(fresh, 'reuse')
    assert.equal(kinds(events, 'pool-drained').length, 0)
    pool.release(leased, 'reuse')
    await drained
    assert.deepEqual(closeReasons(events), ['drained', 'drained'])
    assert.equal(pool.stats().total, 1)
    await pool.close()
  },
  'shrinks to a smaller max as connections come back and grows at once': async (make) => {
    const { pool } = await make({ max: 2 })
    const [a, b] = await Promise.all([pool.acquire(request), pool.acquire(request)])
    pool.resize({ max: 1 })
    pool.release(a, 'reuse')
    pool.release(b, 'reuse')
    assert.deepEqual(pick(pool, 'max', 'idle', 'leased'), { max: 1, idle: 1, leased: 0 })
    const c = await pool.acquire(request)
    const waiting = pool.acquire(request)
    pool.resize({ max: 2 })
    const d = await waiting
    assert.notEqual(d.client, c.client)
    pool.release(c, 'reuse')
    pool.release(d, 'reuse')
    await pool.close()
  },
  'closes idle connections on request and says how many': async (make) => {
    const { pool } = await make({ max: 3 })
    const connections = await Promise.all([
      pool.acquire(request),
      pool.acquire(request),
      pool.acquire(request),
    ])
    for (const connection of connections) pool.release(connection, 'reuse')
    assert.equal(await pool.trimIdle(2), 2)
    assert.deepEqual(pick(pool, 'idle', 'total'), { idle: 1, total: 1 })
    assert.equal(await pool.trimIdle(5), 1)
    await pool.close()
  },
  'settles all waiters at close, and closes when the last lease is back': async (make) => {
    const { pool } = await make({ max: 1 })
    const connection = await pool.acquire(request)
    const waiting = [pool.acquire(request), pool.acquire(request)]
    let isClosed = false
    const closed = pool.close().then(() => {
      isClosed = true
    })
    for (const waiter of waiting) await assert.rejects(waiter, { code: 'POOL_CLOSED' })
    await assert.rejects(pool.acquire(request), { code: 'POOL_CLOSED' })
    assert.equal(isClosed, false)
    pool.release(connection, 'reuse')
    await closed
    await pool.close()
    assert.deepEqual(pick(pool, 'total', 'waiting'), { total: 0, waiting: 0 })
  },
}

function pick(pool: PoolStrategy, ...keys: readonly (keyof ReturnType<PoolStrategy['stats']>)[]): object {
  const stats = pool.stats()
  return Object.fromEntries(keys.map((key) => [key, stats[key]]))
}

function kinds(
  events: readonly ConnectionEvent[],
  ...wanted: readonly ConnectionEvent['kind'][]
): readonly string[] {
  return events.map(({ kind }) => kind).filter((kind) => wanted.includes(kind))
}

function closeReasons(events: readonly ConnectionEvent[]): readonly string[] {
  return events.flatMap((event) => (event.kind === 'connection-closed' ? [event.reason] : []))
}
