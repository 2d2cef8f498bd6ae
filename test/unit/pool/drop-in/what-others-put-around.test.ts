import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect } from 'node:util'
import { Pool as StockPool, type ClientBase, type PoolClient } from 'pg'
import type { DropInOptions } from '../../../../src/pool/drop-in/drop-in-options'
import { Pool } from '../../../../src/pool/drop-in/pool'
import { FakeClock } from '../../../support/fake-clock'
import { StubClient, StubScript } from './stub-client'

function stubPool(options: DropInOptions = {}, PoolClass = Pool) {
  const script = new StubScript()
  const pool = new PoolClass({ Client: script.Client, ...options }, undefined, { clock: new FakeClock() })
  return { pool, script }
}

type Method = (this: unknown, ...args: unknown[]) => unknown
type Methods = Record<string, Method>

/** Puts a function around a method as instrumentation does, and counts its calls; the answer takes it away again. */
function wrap(target: object, name: string) {
  const own = Object.getOwnPropertyDescriptor(target, name)
  const before = (target as Methods)[name]
  const calls: unknown[] = []
  const argumentCounts: number[] = []
  ;(target as Methods)[name] = function wrapped(this: unknown, ...args: unknown[]) {
    calls.push(this)
    argumentCounts.push(args.length)
    return before?.apply(this, args)
  }
  const unwrap = (): void => {
    if (own === undefined) Reflect.deleteProperty(target, name)
    else Object.defineProperty(target, name, own)
  }
  wrappings.push(unwrap)
  return { calls, argumentCounts, unwrap }
}

const wrappings: (() => void)[] = []

afterEach(() => {
  for (const unwrap of wrappings.splice(0).reverse()) unwrap()
  // Its class hears of that.
  stubPool()
})

describe('around a pool', () => {
  test('query gets its client by the connect of a subclass', async () => {
    class TenantPool extends Pool {
      override connect(callback?: unknown): never {
        const connecting = super.connect().then(async (client) => {
          await client.query('SET search_path = tenant')
          return client
        })
        const tell = callback as (error: unknown, client?: PoolClient, done?: unknown) => void
        connecting.then((client) => {
          tell(null, client, client.release)
        }, tell)
        return undefined as never
      }
    }
    const { pool, script } = stubPool({ max: 1 }, TenantPool)
    await pool.query('SELECT 1')
    expect(script.clients[0]?.sent).toEqual(['SET search_path = tenant', 'SELECT 1'])
    expect(pool.idleCount).toBe(1)
  })

  test('query gets its client by a connect that was put on the pool itself', async () => {
    const { pool } = stubPool()
    const connect = jest.spyOn(pool, 'connect')
    await pool.query('SELECT 1')
    expect(connect).toHaveBeenCalledTimes(1)
    const refused = new Error('refused by the test')
    connect.mockImplementation((callback?: unknown) => {
      ;(callback as (error: Error) => void)(refused)
    })
    await expect(pool.query('SELECT 1')).rejects.toThrow('refused by the test')
    connect.mockRestore()
    await pool.query('SELECT 1')
    expect(pool.totalCount).toBe(1)
  })

  test('a client that came by such a connect is closed when it fails under the query', async () => {
    const { pool, script } = stubPool()
    jest.spyOn(pool, 'connect')
    script.query = () => new Promise(() => undefined)
    const failing = expect(pool.query('SELECT 1')).rejects.toThrow('cut off')
    await new Promise(setImmediate)
    const [client] = script.clients
    client?.emit('error', new Error('cut off'))
    await failing
    expect(client?.endCount).toBe(1)
    expect(pool.totalCount).toBe(0)
  })

  test('a client that came by such a connect keeps no listener of the query', async () => {
    const { pool, script } = stubPool()
    jest.spyOn(pool, 'connect')
    await pool.query('SELECT 1')
    const count = script.clients[0]?.listenerCount('error')
    await pool.query('SELECT 1')
    expect(script.clients[0]?.listenerCount('error')).toBe(count)
    await expect(pool.query({ text: 'SELECT 1' })).resolves.toEqual({ rows: [] })
  })
})

describe('a pool that is used through another object', () => {
  test.each([
    ['a proxy of it', (pool: Pool) => new Proxy(pool, {})],
    [
      'a proxy that looks it up',
      (pool: Pool) => new Proxy<object>({}, { get: (_, name) => Reflect.get(pool, name) as unknown }) as Pool,
    ],
    ['an object that inherits from it', (pool: Pool) => Object.create(pool) as Pool],
  ])('%s works as the pool itself', async (_, disguise) => {
    const { pool, script } = stubPool()
    const other = disguise(pool)
    const client = await other.connect()
    expect([other.totalCount, other.idleCount, other.waitingCount, other.expiredCount]).toEqual([1, 0, 0, 0])
    client.release()
    await other.query('SELECT 1')
    await new Promise<void>((resolve) => {
      other.connect((_error, _client, done) => {
        done()
        resolve()
      })
    })
    expect(script.clients[0]?.sent).toEqual(['SELECT 1'])
    await other.end()
    expect(script.clients[0]?.endCount).toBe(1)
  })

  test('what it works with is not to be seen in a log', () => {
    const { pool } = stubPool()
    expect(inspect(pool, { depth: 5 })).not.toMatch(/lender|owner|detour/i)
  })
})

describe('around pg.Pool', () => {
  test('what is put around its connect is around that of pools that are there, from their next client on', async () => {
    const { pool, script } = stubPool()
    const { calls, unwrap } = wrap(StockPool.prototype, 'connect')
    ;(await pool.connect()).release()
    expect(calls).toEqual([])
    ;(await pool.connect()).release()
    await pool.query('SELECT 1')
    expect(calls).toEqual([pool, pool])
    unwrap()
    await pool.query('SELECT 2')
    ;(await pool.connect()).release()
    expect(calls).toHaveLength(2)
    expect(script.clients).toHaveLength(1)
  })

  test('a pool that is made afterwards is connected through it at once, with a promise and with a callback', async () => {
    const { calls } = wrap(StockPool.prototype, 'connect')
    const { pool, script } = stubPool()
    const client = await pool.connect()
    client.release()
    await new Promise<void>((resolve, reject) => {
      pool.connect((error, lent, done) => {
        done()
        if (error === undefined && (lent as unknown) === client) resolve()
        else reject(new Error('another client'))
      })
    })
    await pool.query('SELECT 1')
    expect(calls).toEqual([pool, pool, pool])
    expect(script.clients).toHaveLength(1)
    const other = stubPool()
    other.script.connect = () => new Error('not today')
    await expect(other.pool.connect()).rejects.toThrow('not today')
  })

  test('what others have put around our connect stays there', async () => {
    const outer = wrap(Pool.prototype, 'connect')
    const { calls } = wrap(StockPool.prototype, 'connect')
    const { pool } = stubPool()
    ;(await pool.connect()).release()
    expect([outer.calls, calls]).toEqual([[pool], []])
  })

  test('what is around its end is around ours', async () => {
    const { pool, script } = stubPool()
    ;(await pool.connect()).release()
    const { calls } = wrap(StockPool.prototype, 'end')
    await pool.end()
    expect(calls).toEqual([pool])
    expect([pool.ended, script.clients[0]?.endCount]).toEqual([true, 1])
    await expect(pool.end()).rejects.toThrow('Called end on pool more than once')
    const other = stubPool().pool
    await new Promise<void>((resolve) => {
      other.end(resolve)
    })
    expect(other.ended).toBe(true)
  })

  test('what is around its query is around ours', async () => {
    const { pool, script } = stubPool()
    const { calls, argumentCounts, unwrap } = wrap(StockPool.prototype, 'query')
    await pool.query('SELECT 1')
    expect([calls, argumentCounts]).toEqual([[pool], [1]])
    expect(script.clients[0]?.sent).toEqual(['SELECT 1'])
    expect(pool.idleCount).toBe(1)
    unwrap()
    await pool.query('SELECT 2')
    expect(calls).toHaveLength(1)
  })

  test('a pool over somebody else is no exception', async () => {
    const client = new StubClient(new StubScript()) as unknown as ClientBase
    const released: unknown[] = []
    const pool = Pool.over({
      acquire: () => Promise.resolve(client),
      release: (lent) => released.push(lent),
      stats: () => ({ total: 1, idle: 0, max: 1 }),
    })
    const connects = wrap(StockPool.prototype, 'connect')
    const ends = wrap(StockPool.prototype, 'end')
    await pool.query('SELECT 1')
    await pool.end()
    expect([connects.calls, ends.calls, released]).toEqual([[pool], [pool], [client]])
  })
})

describe('around a client', () => {
  test('query is given no more arguments than the borrower has given', async () => {
    const { pool } = stubPool()
    const client = await pool.connect()
    const { argumentCounts } = wrap(StubClient.prototype, 'query')
    const send = client.query.bind(client) as Method
    await send('SELECT 1')
    await send('SELECT 1', [1])
    const done = jest.fn()
    send('SELECT 1', done)
    send('SELECT 1', [1], done)
    send('SELECT 1', undefined, done)
    expect(argumentCounts).toEqual([1, 2, 2, 3, 3])
    client.release()
  })

  test('a statement is sent in the context of its caller, whoever has released the client', async () => {
    const context = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const { pool, script } = stubPool({ max: 1 })
    script.query = () => {
      seen.push(context.getStore())
      return Promise.resolve({ rows: [] })
    }
    const callers = ['first', 'second', 'third']
    await Promise.all(callers.map((caller) => context.run(caller, () => pool.query('SELECT 1'))))
    expect(seen).toEqual(callers)
  })
})
