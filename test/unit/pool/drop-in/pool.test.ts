import { AsyncLocalStorage } from 'node:async_hooks'
import type { ClientBase, PoolClient } from 'pg'
import { createConnectionHandle, endLease } from '../../../../src/core/connection-handle'
import type { DropInOptions } from '../../../../src/pool/drop-in/drop-in-options'
import type { PoolSource } from '../../../../src/pool/drop-in/source-lender'
import { Pool } from '../../../../src/pool/drop-in/pool'
import { FakeClock, settle } from '../../../support/fake-clock'
import { StubScript, type StubClient } from './stub-client'

function stubPool(options: DropInOptions = {}) {
  const clock = new FakeClock()
  const script = new StubScript()
  const pool = new Pool({ Client: script.Client, ...options }, undefined, {
    clock,
    random: () => 0.5,
  })
  return { pool, clock, script }
}

const stubOf = (client: ClientBase): StubClient => client as unknown as StubClient

describe('opening', () => {
  test('a client that is free sooner serves who waits, and the one that was opened for it serves the next', async () => {
    const { pool, script } = stubPool({ max: 2 })
    const first = await pool.connect()
    script.connect = () => 'pending'
    const second = pool.connect()
    expect(script.clients).toHaveLength(2)
    first.release()
    expect(await second).toBe(first)
    script.pending[0]?.(null)
    const third = await pool.connect()
    expect(third).not.toBe(first)
    expect(script.clients).toHaveLength(2)
  })

  test('a burst on a busy pool opens nothing while clients come back sooner than a new one could be there', async () => {
    const { pool, clock, script } = stubPool({ max: 10 })
    script.connect = () => 'pending'
    const connecting = pool.connect()
    await clock.advance(50)
    script.pending[0]?.(null)
    const client = await connecting
    await clock.advance(1)
    client.release()
    const served = Array.from({ length: 20 }, async () => {
      ;(await pool.connect()).release()
    })
    await Promise.all(served)
    expect(script.clients).toHaveLength(1)
  })

  test('a burst on a pool that has lent but once waits a moment instead of opening all that fit', async () => {
    const { pool, clock, script } = stubPool({ max: 10 })
    ;(await pool.connect()).release()
    const held = await pool.connect()
    const served = Array.from({ length: 20 }, async () => {
      ;(await pool.connect()).release()
    })
    await settle()
    expect(script.clients).toHaveLength(1)
    held.release()
    await Promise.all(served)
    await clock.advance(20)
    expect(script.clients).toHaveLength(1)
  })

  test('a line that does not end is given clients even in a turn of the event loop that does not end', async () => {
    const { pool, clock, script } = stubPool({ max: 3 })
    for (let use = 0; use < 3; use++) (await pool.connect()).release()
    const frozenMs = clock.now()
    clock.turnNow = () => frozenMs
    clock.now = () => frozenMs + 1_000
    let left = 5_000
    const caller = async () => {
      while (left-- > 0) (await pool.connect()).release()
    }
    await Promise.all(Array.from({ length: 8 }, caller))
    expect(script.clients).toHaveLength(3)
  })

  test('who waits behind a client that does not come back has one opened', async () => {
    const { pool, clock, script } = stubPool({ max: 2 })
    ;(await pool.connect()).release()
    const held = await pool.connect()
    const waiting = pool.connect()
    expect(script.clients).toHaveLength(1)
    await clock.advance(20)
    expect(await waiting).not.toBe(held)
  })

  test('a failure is told to as many callers as pg.Pool would have opened clients for', async () => {
    const { pool, script, clock } = stubPool({ max: 2 })
    script.connect = () => new Error('refused')
    const outcomes = Array.from({ length: 5 }, () => pool.connect().catch((error: unknown) => error))
    await clock.advance(1_000)
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ message: 'refused' })
    expect(script.clients.length).toBeLessThan(5)
    expect(pool.totalCount).toBe(0)
  })

  test('after a failure there is a pause that grows', async () => {
    const { pool, script, clock } = stubPool()
    script.connect = () => new Error('refused')
    const attempts: number[] = []
    for (let round = 0; round < 6; round++) {
      const outcome = pool.connect().catch(() => clock.now())
      await clock.advance(1_000)
      attempts.push((await outcome) as number)
    }
    // Each call comes after the pause of the last one is over: nobody waits for nothing.
    expect(attempts).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000])
    const busy = Array.from({ length: 3 }, () => pool.connect().catch(() => clock.now()))
    await clock.advance(0)
    const late = pool.connect().catch(() => clock.now())
    await clock.advance(1_000)
    expect(await Promise.all(busy)).toEqual([6_000, 6_000, 6_000])
    expect(await late).toBeGreaterThan(6_100)
  })

  test('a caller whose time is over while the server refuses is told of the refusal', async () => {
    const { pool, script, clock } = stubPool({ connectionTimeoutMillis: 5 })
    script.connect = () => new Error('refused')
    await expect(pool.connect()).rejects.toThrow('refused')
    const outcome = pool.connect().catch((error: unknown) => error)
    await clock.advance(10)
    expect(await outcome).toMatchObject({ message: 'refused' })
  })

  test('a client class that throws is the error of the caller', async () => {
    const Broken = function (): never {
      throw new Error('no such class')
    }
    const { pool } = stubPool({ Client: Broken as never })
    await expect(pool.connect()).rejects.toThrow('no such class')
    expect(pool.totalCount).toBe(0)
  })

  test('the class may be given as the second argument, as pg-pool takes it', async () => {
    const script = new StubScript()
    const pool = new Pool({}, script.Client)
    expect(stubOf(await pool.connect())).toBe(script.clients[0])
  })

  test('a client that logs in after its time is closed', async () => {
    const { pool, script, clock } = stubPool({ connectionTimeoutMillis: 100 })
    script.connect = () => 'pending'
    const outcome = pool.connect().catch((error: unknown) => error)
    await clock.advance(100)
    expect(await outcome).toMatchObject({ message: 'Connection terminated due to connection timeout' })
    script.pending[0]?.(null)
    expect(script.clients[0]?._ending).toBe(true)
    expect(pool.totalCount).toBe(0)
  })
})

describe('time', () => {
  test('lifetimes are spread, so that clients do not all end at once', async () => {
    const clock = new FakeClock()
    const script = new StubScript()
    const draws = [0, 0.5, 1]
    const pool = new Pool(
      { Client: script.Client, maxLifetimeSeconds: 10, idleTimeoutMillis: 0, lifetimeJitter: 0.1 },
      undefined,
      { clock, random: () => draws.shift() ?? 0 },
    )
    const ends: number[] = []
    pool.on('remove', () => ends.push(clock.now()))
    const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
    for (const client of clients) client.release()
    for (let at = 0; at < 10_000; at += 100) await clock.advance(100)
    expect(ends.map((at) => Math.round(at / 100) / 10)).toEqual([9, 9.5, 10])
  })

  test('idle clients above min go when their time has come, the one that was used last stays longest', async () => {
    const { pool, clock } = stubPool({ idleTimeoutMillis: 100, min: 1 })
    const [one, two] = await Promise.all([pool.connect(), pool.connect()])
    one.release()
    await clock.advance(50)
    two.release()
    await clock.advance(55)
    expect([pool.totalCount, stubOf(one)._ending, stubOf(two)._ending]).toEqual([1, true, false])
    await clock.advance(1_000)
    expect(pool.totalCount).toBe(1)
  })

  test('callers who waited too long leave in order, the others stay', async () => {
    const { pool, clock } = stubPool({ max: 1, connectionTimeoutMillis: 100 })
    const held = await pool.connect()
    const early = pool.connect().catch((error: unknown) => error)
    await clock.advance(60)
    const late = pool.connect()
    await clock.advance(50)
    expect(await early).toMatchObject({ message: 'timeout exceeded when trying to connect' })
    held.release()
    ;(await late).release()
    expect(pool.waitingCount).toBe(0)
  })

  test('hundreds of callers are served, in order', async () => {
    const { pool } = stubPool({ max: 1 })
    const order: number[] = []
    const held = await pool.connect()
    const all = Array.from({ length: 300 }, async (_, index) => {
      const client = await pool.connect()
      order.push(index)
      client.release()
    })
    held.release()
    await Promise.all(all)
    expect(order).toEqual(Array.from({ length: 300 }, (_, index) => index))
  })

  test('nothing runs on after the end', async () => {
    const { pool, clock } = stubPool({ max: 1, connectionTimeoutMillis: 1_000, maxLifetimeSeconds: 60 })
    const held = await pool.connect()
    const waiting = pool.connect()
    held.release()
    ;(await waiting).release()
    await pool.end()
    expect(clock.timerCount).toBe(0)
  })
})

describe('idle clients', () => {
  test('with allowExitOnIdle their sockets let the process end', async () => {
    const { pool } = stubPool({ allowExitOnIdle: true })
    const client = await pool.connect()
    client.release()
    expect(stubOf(client).isReferenced).toBe(false)
    await pool.connect()
    expect(stubOf(client).isReferenced).toBe(true)
  })

  test('one that was ended by somebody is not lent', async () => {
    const { pool } = stubPool({ max: 1 })
    const client = await pool.connect()
    client.release()
    stubOf(client)._ending = true
    const next = await pool.connect()
    expect(next).not.toBe(client)
  })

  test('one that comes to its end leaves the pool', async () => {
    const { pool } = stubPool()
    const client = await pool.connect()
    client.release()
    client.emit('end')
    expect(pool.totalCount).toBe(0)
  })

  test('an error after the end harms nobody', async () => {
    const log = jest.fn()
    const { pool } = stubPool({ log })
    const client = await pool.connect()
    client.release(true)
    client.emit('error', new Error('late'))
    expect(log).toHaveBeenCalledWith(
      'additional client error after disconnection due to error',
      expect.objectContaining({ message: 'late' }),
    )
  })

  test('one that does not answer takes those that were silent for longer with it', async () => {
    const { pool, clock, script } = stubPool({
      max: 3,
      validateAfterIdleMs: 1_000,
      validationTimeoutMs: 100,
      idleTimeoutMillis: 0,
    })
    const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
    for (const client of clients) Object.assign(client, { connection: {} })
    for (const client of clients) client.release()
    await clock.advance(5_000)
    script.query = () => new Promise(() => undefined)
    const next = pool.connect()
    await clock.advance(200)
    expect(clients).not.toContain(await next)
    expect(clients.map((client) => stubOf(client)._ending)).toEqual([true, true, true])
  })

  test('one that takes a moment to answer is waited for, however long leases last; then another is opened', async () => {
    const { pool, clock, script } = stubPool({ max: 4, validateAfterIdleMs: 0 })
    for (let use = 0; use < 5; use++) {
      const client = await pool.connect()
      // Without one it is not asked.
      Object.assign(client, { connection: {} })
      await clock.advance(30)
      client.release()
    }
    script.query = () => new Promise(() => undefined)
    const next = pool.connect()
    await clock.advance(45)
    expect(script.clients).toHaveLength(1)
    await clock.advance(15)
    expect(script.clients).toHaveLength(2)
    expect(await next).toBe(script.clients[1])
  })

  test('one that answers is lent', async () => {
    const { pool, clock } = stubPool({ validateAfterIdleMs: 1_000, idleTimeoutMillis: 0 })
    const client = await pool.connect()
    Object.assign(client, { connection: {} })
    client.release()
    await clock.advance(1_001)
    expect(await pool.connect()).toBe(client)
    expect(stubOf(client).sent).toEqual([''])
  })
})

describe('give-back', () => {
  test('a transaction that cannot be rolled back in time costs the client', async () => {
    const { pool, clock, script } = stubPool({ max: 1, resetTimeoutMs: 100 })
    const client = await pool.connect()
    await client.query('BEGIN')
    script.query = () => new Promise(() => undefined)
    client.release()
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
    await clock.advance(100)
    expect(pool.totalCount).toBe(0)
  })

  test('what a listener of release leaves running is waited for', async () => {
    const { pool } = stubPool({ max: 1 })
    pool.on(
      'release' as never,
      ((_error: unknown, client: ClientBase) => {
        stubOf(client)._activeQuery = {}
      }) as never,
    )
    const client = await pool.connect()
    client.release()
    const next = pool.connect()
    await settle()
    stubOf(client)._activeQuery = null
    client.emit('drain')
    expect(await next).toBe(client)
  })

  test('a listener that throws costs the pool nothing, and is heard of', async () => {
    const { pool } = stubPool()
    ;(await pool.connect()).release()
    const mistake = new Error('a mistake of the listener')
    pool.once('acquire', () => {
      throw mistake
    })
    const later: (() => void)[] = []
    const nextTick = jest.spyOn(process, 'nextTick').mockImplementation((callback) => {
      later.push(callback as () => void)
    })
    const connecting = pool.connect()
    nextTick.mockRestore()
    // As an uncaught exception, which is what it would be in a pool of pg.
    expect(later).toHaveLength(1)
    expect(later[0]).toThrow(mistake)
    const client = await connecting
    client.release()
    expect(pool.idleCount).toBe(1)
  })

  test('a client error under a query of the pool rejects it at once', async () => {
    const { pool, script } = stubPool()
    script.query = () => new Promise(() => undefined)
    const outcome = pool.query('SELECT 1').catch((error: unknown) => error)
    await settle()
    script.clients[0]?.emit('error', new Error('cut off'))
    expect(await outcome).toMatchObject({ message: 'cut off' })
    expect(pool.totalCount).toBe(0)
  })

  test('a query that sends itself gives its client back when the connection is ready again', async () => {
    const { pool, script } = stubPool()
    const client = await pool.connect()
    client.release()
    script.query = () => new Promise(() => undefined)
    const cursor = { submit: () => undefined }
    const result = (pool.query as (query: unknown) => Promise<unknown>).call(pool, cursor)
    client.emit('drain')
    expect(await result).toBe(cursor)
    expect(pool.idleCount).toBe(1)
  })
})

describe('async contexts', () => {
  test('a callback runs in the context of its caller, whoever has released the client', async () => {
    const { pool } = stubPool({ max: 1 })
    const store = new AsyncLocalStorage<string>()
    const held = await pool.connect()
    const seen = new Promise((resolve) => {
      store.run('caller', () => {
        pool.connect((_error, _client, done) => {
          done()
          resolve(store.getStore())
        })
      })
    })
    store.run('releaser', () => {
      held.release()
    })
    expect(await seen).toBe('caller')
  })

  test('clients are not opened in the context of a caller', async () => {
    const { pool } = stubPool()
    const store = new AsyncLocalStorage<string>()
    const seen = jest.fn()
    pool.on('connect', () => {
      seen(store.getStore())
    })
    let running: Promise<unknown> | undefined
    store.run('caller', () => {
      running = pool.query('SELECT 1')
    })
    await running
    expect(seen).toHaveBeenCalledWith(undefined)
  })
})

describe('options', () => {
  test.each([
    [{ validateAfterIdleMs: -1 }, 'validateAfterIdleMs'],
    [{ lifetimeJitter: 2 }, 'lifetimeJitter'],
    [{ resetSession: 'sometimes' }, 'resetSession'],
    [{ handles: 'proxy' }, 'handles'],
  ])('%p is refused by name', (options, name) => {
    expect(() => new Pool(options as DropInOptions)).toThrow(`invalid option ${name}`)
  })

  test('Infinity never asks an idle client', async () => {
    const { pool, clock } = stubPool({ validateAfterIdleMs: Infinity, idleTimeoutMillis: 0 })
    const client = await pool.connect()
    Object.assign(client, { connection: {} })
    client.release()
    await clock.advance(1e9)
    await pool.connect()
    expect(stubOf(client).sent).toEqual([])
  })
})

describe('verify', () => {
  test('one that throws is the error of the caller', async () => {
    const { pool } = stubPool({
      verify: () => {
        throw new Error('cannot look')
      },
    })
    await expect(pool.connect()).rejects.toThrow('cannot look')
    expect(pool.totalCount).toBe(0)
  })

  test('a client for which nobody waits any more is looked at before it is kept', async () => {
    const verify = jest.fn((_client: unknown, done: (error?: Error) => void) => {
      done()
    })
    const { pool, script } = stubPool({ max: 2 })
    const first = await pool.connect()
    pool.options.verify = verify
    script.connect = () => 'pending'
    const second = pool.connect()
    first.release()
    await second
    script.pending[0]?.(null)
    expect(verify).toHaveBeenCalledTimes(1)
    expect(pool.idleCount).toBe(1)
  })
})

describe('over somebody else', () => {
  function makeSource(options: { useHandles?: boolean; isReady?: boolean } = {}) {
    const raw = new StubScript()
    const released = jest.fn()
    const make = (): ClientBase => {
      const known: unknown = raw.clients[0]
      const client = (known ?? new raw.Client()) as ClientBase
      if (options.useHandles !== true) return client
      return createConnectionHandle(client, ({ discard }) => released(discard))
    }
    const source: PoolSource = {
      acquire: () => Promise.resolve(make()),
      ...(options.isReady === true ? { tryAcquire: make } : {}),
      release: (client, error) => {
        if (options.useHandles === true) endLease(client, error)
        else released(client, error)
      },
      stats: () => ({ total: 3, idle: 2, max: 7 }),
    }
    return { source, released, raw }
  }

  test.each([true, false])('clients are lent and given back by their owner; at once: %p', async (isReady) => {
    const { source, released } = makeSource({ isReady })
    const pool = Pool.over(source)
    const events: string[] = []
    for (const name of ['connect', 'acquire', 'release', 'remove'])
      pool.on(name as 'connect', () => events.push(name))
    const client = await pool.connect()
    expect([pool.totalCount, pool.idleCount, pool.waitingCount, pool.expiredCount]).toEqual([3, 2, 0, 0])
    expect(pool.options.max).toBe(7)
    client.release(true)
    expect(released).toHaveBeenCalledWith(client, true)
    expect(() => {
      client.release()
    }).toThrow('already been released')
    await pool.query('SELECT 1')
    expect(events).toEqual(['connect', 'acquire', 'release', 'remove', 'acquire', 'release'])
    await pool.end()
    await expect(pool.connect()).rejects.toThrow('after calling end')
  })

  test('a handle that its scope gives back is back, and its connection is known again', async () => {
    const { source, released } = makeSource({ useHandles: true })
    const pool = Pool.over(source)
    const events: unknown[][] = []
    for (const name of ['connect', 'release', 'remove']) {
      pool.on(name as 'connect', (...facts: unknown[]) => events.push([name, facts[0]]))
    }
    const first = (await pool.connect()) as PoolClient & AsyncDisposable
    await first[Symbol.asyncDispose]()
    const second = await pool.connect()
    second.release(true)
    expect(released.mock.calls).toEqual([[false], [true]])
    expect(events).toEqual([
      ['connect', first],
      ['release', undefined],
      ['release', true],
      ['remove', second],
    ])
    await pool.end()
  })

  test('the error of the owner is the error of the caller', async () => {
    const { source } = makeSource()
    const pool = Pool.over({ ...source, acquire: () => Promise.reject(new Error('no more')) })
    await expect(pool.connect()).rejects.toThrow('no more')
    await expect(pool.query('SELECT 1')).rejects.toThrow('no more')
    expect(pool.waitingCount).toBe(0)
  })

  test('the end waits for what is out', async () => {
    const { source } = makeSource()
    const pool = Pool.over(source)
    const connecting = pool.connect()
    const ended = jest.fn()
    const ending = pool.end().then(ended)
    const client = await connecting
    expect(ended).not.toHaveBeenCalled()
    client.release()
    await ending
  })
})
