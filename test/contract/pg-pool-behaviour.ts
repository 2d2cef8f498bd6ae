import { once } from 'node:events'
import type { Pool, PoolClient, QueryResult } from 'pg'
import type { TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'

type Options = Record<string, unknown>
export interface PoolKind {
  readonly name: string
  readonly make: (options?: Options) => Pool
}

type Done = (error?: Error) => void
type Connect = (
  callback: (error: Error | undefined, client: PoolClient | undefined, done: Done) => void,
) => unknown

/** What users of `pg.Pool` rely on, told in our words; run against `pg.Pool` itself too, so that the words stay true. */
export function describePgPoolBehaviour(kind: PoolKind, database: () => TestDatabase): void {
  const pools: Pool[] = []
  const make = (options: Options = {}): Pool => {
    const pool = kind.make({ ...database().connection, ...options })
    pools.push(pool)
    return pool
  }
  const connectBack = (
    pool: Pool,
  ): Promise<{ error: Error | undefined; client: PoolClient | undefined; done: Done }> =>
    new Promise((resolve) => {
      ;(pool.connect.bind(pool) as Connect)((error, client, done) => {
        resolve({ error, client, done })
      })
    })
  const failure = (promise: Promise<unknown>): Promise<Error> =>
    promise.then(
      () => {
        throw new Error('expected a rejection')
      },
      (error: unknown) => error as Error,
    )

  afterEach(async () => {
    for (const pool of pools.splice(0)) if (!pool.ending) await pool.end()
  })

  describe(`the behaviour of pg.Pool: ${kind.name}`, () => {
    describe('connect', () => {
      test('a promise gives a client with release', async () => {
        const client = await make().connect()
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
        client.release()
      })

      test('a callback gets undefined, the client and its release', async () => {
        const { error, client, done } = await connectBack(make())
        expect(error).toBeUndefined()
        expect(client?.release).toBe(done)
        done()
      })

      test('the callback form returns nothing', async () => {
        const pool = make()
        await new Promise<void>((resolve) => {
          const result = (pool.connect.bind(pool) as Connect)((_error, _client, done) => {
            done()
            resolve()
          })
          expect(result).toBeUndefined()
        })
      })

      test('a callback is never called before connect has returned', async () => {
        const pool = make()
        ;(await pool.connect()).release()
        let isReturned = false
        const called = connectBack(pool).then(({ done }) => {
          expect(isReturned).toBe(true)
          done()
        })
        isReturned = true
        await called
      })

      test('a refused connection is the error itself, and leaves no client behind', async () => {
        const pool = make({ port: 1 })
        expect(await failure(pool.connect())).toMatchObject({ code: 'ECONNREFUSED' })
        expect(pool.totalCount).toBe(0)
      })

      test('a callback gets no client with the error, and something to call', async () => {
        const { error, client, done } = await connectBack(make({ port: 1 }))
        expect(error).toMatchObject({ code: 'ECONNREFUSED' })
        expect(client).toBeUndefined()
        expect(() => {
          done()
        }).not.toThrow()
      })

      test('the client that was released last comes back first', async () => {
        const pool = make()
        const [one, two] = [await pool.connect(), await pool.connect()]
        one.release()
        two.release()
        const next = await pool.connect()
        expect(next).toBe(two)
        next.release()
      })

      test('the same client object comes back, with what an application has hung on it', async () => {
        const pool = make({ max: 1 })
        const first = (await pool.connect()) as PoolClient & { tenant?: string }
        first.tenant = 'a'
        first.release()
        const second = (await pool.connect()) as PoolClient & { tenant?: string }
        expect(second).toBe(first)
        expect(second.tenant).toBe('a')
        second.release()
      })

      test('callers are served in order of arrival', async () => {
        const pool = make({ max: 1 })
        const order: number[] = []
        const held = await pool.connect()
        const waiting = [1, 2, 3].map(async (number) => {
          const client = await pool.connect()
          order.push(number)
          client.release()
        })
        held.release()
        await Promise.all(waiting)
        expect(order).toEqual([1, 2, 3])
      })

      test('as many clients as are asked for at once are opened, up to max', async () => {
        const pool = make({ max: 3 })
        const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
        expect(new Set(clients).size).toBe(3)
        expect(pool.totalCount).toBe(3)
        for (const client of clients) client.release()
      })

      test('poolSize is another name for max', async () => {
        const pool = make({ poolSize: 2 })
        await Promise.all(Array.from({ length: 6 }, () => pool.query('SELECT 1')))
        expect(pool.totalCount).toBe(2)
        expect(pool.options.max).toBe(2)
      })

      test('options are passed on to the clients', async () => {
        const client = await make({ application_name: 'who-is-it' }).connect()
        expect((await client.query('SHOW application_name')).rows).toEqual([
          { application_name: 'who-is-it' },
        ])
        client.release()
      })
    })

    describe('release', () => {
      test.each(['promise', 'callback'])(
        'a second one throws, however the client was taken: %s',
        async (form) => {
          const pool = make()
          const client = form === 'promise' ? await pool.connect() : (await connectBack(pool)).client
          client?.release()
          const message = 'Release called on client which has already been released to the pool.'
          expect(() => client?.release()).toThrow(message)
          expect(() => client?.release()).toThrow(message)
        },
      )

      test('a late second one of an earlier checkout leaves the next borrower alone', async () => {
        const pool = make({ max: 1 })
        const { done } = await connectBack(pool)
        done()
        const client = await pool.connect()
        expect(() => {
          done()
        }).toThrow('already been released')
        expect(pool.idleCount).toBe(0)
        client.release()
      })

      test.each([true, new Error('broken')])('with %p the client is closed', async (reason) => {
        const pool = make()
        const client = await pool.connect()
        const removed = once(pool, 'remove')
        client.release(reason)
        expect(pool.totalCount).toBe(0)
        expect(await removed).toEqual([client])
      })

      test('a client that was ended by its borrower is not kept', async () => {
        const pool = make()
        const client = await pool.connect()
        void (client as unknown as { end(): Promise<void> }).end()
        client.release()
        expect(pool.totalCount).toBe(0)
      })

      test('a client whose socket broke is not kept', async () => {
        const pool = make()
        const client = await pool.connect()
        const broken = once(client, 'error')
        ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
        await broken
        client.release()
        expect(pool.totalCount).toBe(0)
      })

      test('the counters are right in the same turn', async () => {
        const pool = make({ max: 1 })
        const connecting = pool.connect()
        expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 0, 0])
        const client = await connecting
        const next = pool.connect()
        expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 0, 1])
        client.release()
        ;(await next).release()
        expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 1, 0])
      })
    })

    describe('query', () => {
      test('a promise gives the result', async () => {
        expect((await make().query('SELECT $1::text AS name', ['x'])).rows).toEqual([{ name: 'x' }])
      })

      test('a config object will do', async () => {
        expect((await make().query({ text: 'SELECT $1::int AS n', values: [7] })).rows).toEqual([{ n: 7 }])
      })

      test.each([false, true])(
        'a callback gets the result and nothing is returned; with values: %p',
        async (hasValues) => {
          const pool = make()
          const result = await new Promise<QueryResult>((resolve, reject) => {
            const told = (error: Error | undefined, answer: QueryResult): void => {
              if (error) reject(error)
              else resolve(answer)
            }
            const returned = hasValues
              ? (pool.query as (...args: unknown[]) => unknown).call(pool, 'SELECT $1::int AS n', [1], told)
              : (pool.query as (...args: unknown[]) => unknown).call(pool, 'SELECT 1 AS n', told)
            expect(returned).toBeUndefined()
          })
          expect(result.rows).toEqual([{ n: 1 }])
        },
      )

      test('a function as the first argument is refused by calling it', async () => {
        const pool = make()
        const error = await new Promise((resolve) => {
          ;(pool.query as (...args: unknown[]) => unknown).call(pool, resolve)
        })
        expect(error).toMatchObject({
          message: 'Passing a function as the first parameter to pool.query is not supported',
        })
      })

      test('a failing statement rejects with the server error, and its client is closed', async () => {
        const pool = make()
        expect(await failure(pool.query('SELECT nothing FROM nowhere'))).toMatchObject({ code: '42P01' })
        expect(pool.totalCount).toBe(0)
      })

      test('many failures leave the pool fit for work', async () => {
        const pool = make({ max: 1 })
        for (let round = 0; round < 10; round++) await failure(pool.query('nonsense'))
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      })

      test('a statement that is none rejects', async () => {
        expect(await failure(make().query(undefined as never))).toBeInstanceOf(TypeError)
      })

      test('a client that is ended under its statement rejects it', async () => {
        const pool = make({ max: 1 })
        pool.on('error', () => undefined)
        const acquired = once(pool, 'acquire')
        const failed = failure(pool.query('SELECT pg_sleep(1)'))
        const [client] = (await acquired) as [PoolClient & { activeQuery: unknown; _activeQuery: unknown }]
        await waitFor(() => Boolean(client._activeQuery ?? client.activeQuery))
        void (client as unknown as { end(): Promise<void> }).end()
        expect(await failed).toBeInstanceOf(Error)
      })
    })

    describe('events', () => {
      test('connect, acquire and release come in this order, with the client', async () => {
        const pool = make()
        const seen: unknown[][] = []
        for (const name of ['connect', 'acquire', 'release', 'remove']) {
          pool.on(name as 'connect', (...facts: unknown[]) => seen.push([name, ...facts]))
        }
        const client = await pool.connect()
        client.release()
        const again = await pool.connect()
        again.release(true)
        await waitFor(() => seen.length === 6)
        expect(seen).toEqual([
          ['connect', client],
          ['acquire', client],
          ['release', undefined, client],
          ['acquire', client],
          ['release', true, client],
          ['remove', client],
        ])
      })

      test('connect is not told of a connection that failed', async () => {
        const pool = make({ port: 1 })
        const connected = jest.fn()
        pool.on('connect', connected)
        await failure(pool.connect())
        expect(connected).not.toHaveBeenCalled()
      })

      test('acquire and release are told for each query of the pool', async () => {
        const pool = make()
        const acquired = jest.fn()
        const released = jest.fn()
        pool.on('acquire', acquired)
        pool.on('release', released)
        await Promise.all(Array.from({ length: 12 }, () => pool.query('SELECT 1')))
        expect([acquired.mock.calls.length, released.mock.calls.length]).toEqual([12, 12])
      })

      test('release is told the error that the client was released with', async () => {
        const pool = make()
        const released = jest.fn()
        pool.on('release', released)
        const client = await pool.connect()
        const reason = new Error('it is broken')
        client.release(reason)
        expect(released).toHaveBeenCalledWith(reason, client)
      })

      test('an error of an idle client is told with the client, and the client is gone', async () => {
        const pool = make()
        const client = await pool.connect()
        client.release()
        const heard = jest.fn()
        pool.on('error', heard)
        const error = new Error('the idle client broke')
        client.emit('error', error)
        expect(heard).toHaveBeenCalledWith(error, client)
        expect((error as Error & { client?: unknown }).client).toBe(client)
        expect([pool.totalCount, pool.idleCount]).toEqual([0, 0])
      })

      test('an error of a client in use is told by the client alone, and the client stays', async () => {
        const pool = make()
        const client = await pool.connect()
        const [ofPool, ofClient] = [jest.fn(), jest.fn()]
        pool.on('error', ofPool)
        client.on('error', ofClient)
        client.emit('error', new Error('something'))
        expect([ofPool.mock.calls.length, ofClient.mock.calls.length, pool.totalCount]).toEqual([0, 1, 1])
        client.release()
      })

      test('what a listener of connect sends comes before what the borrower sends', async () => {
        const pool = make()
        pool.on('connect', (client) => {
          void client.query("SET application_name = 'set-by-listener'")
        })
        const { rows } = await pool.query('SHOW application_name')
        expect(rows).toEqual([{ application_name: 'set-by-listener' }])
      })
    })

    describe('hooks', () => {
      test('onConnect is awaited, once for each connection', async () => {
        const onConnect = jest.fn(async (client: PoolClient) => {
          await client.query("SET application_name = 'set-by-hook'")
        })
        const pool = make({ onConnect, max: 1 })
        expect((await pool.query('SHOW application_name')).rows).toEqual([
          { application_name: 'set-by-hook' },
        ])
        await pool.query('SELECT 1')
        expect(onConnect).toHaveBeenCalledTimes(1)
      })

      test('onConnect comes before the event connect', async () => {
        const order: string[] = []
        const pool = make({ onConnect: () => order.push('hook') })
        pool.on('connect', () => order.push('event'))
        await pool.query('SELECT 1')
        expect(order).toEqual(['hook', 'event'])
      })

      test.each([
        [
          'throws',
          () => {
            throw new Error('no good')
          },
        ],
        ['rejects', () => Promise.reject(new Error('no good'))],
      ])(
        'an onConnect that %s is the error of the caller, and the client is gone',
        async (_how, onConnect) => {
          const pool = make({ onConnect })
          expect((await failure(pool.connect())).message).toBe('no good')
          expect(pool.totalCount).toBe(0)
        },
      )

      test('the pool recovers from a failing onConnect', async () => {
        let isFirst = true
        const pool = make({
          max: 1,
          onConnect: () => {
            if (!isFirst) return
            isFirst = false
            throw new Error('no good')
          },
        })
        await failure(pool.connect())
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      })

      test('verify sees each new client and may accept it', async () => {
        const verify = jest.fn((_client: PoolClient, done: Done) => {
          done()
        })
        const pool = make({ verify, max: 1 })
        await pool.query('SELECT 1')
        await pool.query('SELECT 1')
        expect(verify).toHaveBeenCalledTimes(1)
      })

      test('an error of verify is the error of the caller, and the client is closed', async () => {
        const pool = make({
          verify: (_client: PoolClient, done: Done) => {
            done(new Error('not this one'))
          },
        })
        expect((await failure(pool.connect())).message).toBe('not this one')
        expect(pool.totalCount).toBe(0)
      })

      test('log is told what the pool does', async () => {
        const log = jest.fn()
        await make({ log }).query('SELECT 1')
        expect(log).toHaveBeenCalledWith('connecting new client')
        expect(log).toHaveBeenCalledWith('new client connected')
      })
    })

    describe('limits', () => {
      test('a client that was idle for idleTimeoutMillis is removed', async () => {
        const pool = make({ idleTimeoutMillis: 10 })
        const removed = once(pool, 'remove')
        await pool.query('SELECT 1')
        await removed
        expect([pool.idleCount, pool.totalCount]).toEqual([0, 0])
      })

      test('min keeps that many from being removed for idleness', async () => {
        const pool = make({ idleTimeoutMillis: 10, min: 1 })
        const removed = once(pool, 'remove')
        const [one, two] = [await pool.connect(), await pool.connect()]
        one.release()
        two.release()
        await removed
        expect(pool.totalCount).toBe(1)
      })

      test('min opens nothing by itself', () => {
        expect(make({ min: 3 }).totalCount).toBe(0)
      })

      test('the idle time is ten seconds unless told otherwise', () => {
        expect(make().options.idleTimeoutMillis).toBe(10_000)
      })

      test('a client is closed after maxUses', async () => {
        const log = jest.fn()
        const pool = make({ maxUses: 2, log })
        const first = await pool.connect()
        first.release()
        const second = await pool.connect()
        expect(second).toBe(first)
        second.release()
        expect(pool.totalCount).toBe(0)
        expect(log).toHaveBeenCalledWith('remove expended client')
        const third = await pool.connect()
        expect(third).not.toBe(first)
        third.release()
      })

      test('an idle client is closed when it is older than maxLifetimeSeconds', async () => {
        const pool = make({ maxLifetimeSeconds: 0.05 })
        const removed = once(pool, 'remove')
        await pool.query('SELECT 1')
        await removed
        expect([pool.totalCount, pool.expiredCount]).toEqual([0, 0])
      })

      test('a client in use outlives maxLifetimeSeconds, counts as expired, and is closed at its release', async () => {
        const pool = make({ maxLifetimeSeconds: 0.05 })
        const client = await pool.connect()
        await waitFor(() => pool.expiredCount === 1)
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
        client.release()
        expect([pool.totalCount, pool.expiredCount]).toEqual([0, 0])
      })

      test('a caller waits for a busy pool no longer than connectionTimeoutMillis', async () => {
        const pool = make({ max: 1, connectionTimeoutMillis: 100 })
        const held = await pool.connect()
        expect((await failure(pool.connect())).message).toBe('timeout exceeded when trying to connect')
        expect((await failure(pool.query('SELECT 1'))).message).toBe(
          'timeout exceeded when trying to connect',
        )
        expect(pool.waitingCount).toBe(0)
        held.release()
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      })

      test('without connectionTimeoutMillis a caller waits for as long as it takes', async () => {
        const pool = make({ max: 1 })
        const held = await pool.connect()
        const waiting = pool.connect()
        await held.query('SELECT pg_sleep(0.2)')
        held.release()
        ;(await waiting).release()
      })

      test('a changed option is heeded', async () => {
        const pool = make({ max: 1 })
        pool.options.max = 2
        const clients = [await pool.connect(), await pool.connect()]
        expect(pool.totalCount).toBe(2)
        for (const client of clients) client.release()
      })
    })

    describe('end', () => {
      test('an unused pool ends, by promise and by callback', async () => {
        await make().end()
        await new Promise<void>((resolve) => {
          make().end(resolve)
        })
      })

      test('a statement on its way is finished first', async () => {
        const pool = make()
        const query = pool.query('SELECT pg_sleep(0.05), 1 AS one')
        await pool.end()
        expect((await query).rows[0]).toMatchObject({ one: 1 })
      })

      test('statements for which there is room are finished, connected or not', async () => {
        const pool = make({ max: 10 })
        const queries = Array.from({ length: 10 }, () => pool.query('SELECT 1 AS one'))
        await pool.end()
        for (const query of queries) expect((await query).rows).toEqual([{ one: 1 }])
      })

      test('it waits for clients in use, and closes them', async () => {
        const pool = make()
        const client = await pool.connect()
        const ended = jest.fn()
        const ending = pool.end().then(ended)
        await client.query('SELECT 1')
        expect(ended).not.toHaveBeenCalled()
        expect([pool.ending, pool.ended]).toEqual([true, false])
        client.release()
        await ending
        expect([pool.ending, pool.ended, pool.totalCount]).toEqual([true, true, 0])
      })

      test('afterwards everything is refused, by promise', async () => {
        const pool = make()
        await pool.end()
        const ended = 'Cannot use a pool after calling end on the pool'
        expect((await failure(pool.connect())).message).toBe(ended)
        expect((await failure(pool.query('SELECT 1'))).message).toBe(ended)
        expect((await failure(pool.end())).message).toBe('Called end on pool more than once')
      })

      test('afterwards everything is refused, by callback', async () => {
        const pool = make()
        await pool.end()
        expect((await connectBack(pool)).error?.message).toContain('after calling end')
        const error = await new Promise<Error>((resolve) => {
          ;(pool.end as (callback: (error: Error) => void) => void).call(pool, resolve)
        })
        expect(error.message).toBe('Called end on pool more than once')
      })

      test('no session is left at the server', async () => {
        const pool = make()
        await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 2')])
        await pool.end()
        await waitFor(async () => (await database().connectionCount()) === 0)
      })
    })

    describe('being a pg.Pool', () => {
      test('its own promise class is used for connect, query and end', async () => {
        class Mine<T> extends Promise<T> {}
        const pool = make({ Promise: Mine, port: database().connection.port })
        const connecting = pool.connect()
        expect(connecting).toBeInstanceOf(Mine)
        ;(await connecting).release()
        const again = pool.connect()
        expect(again).toBeInstanceOf(Mine)
        ;(await again).release()
        const querying = pool.query('SELECT 1')
        expect(querying).toBeInstanceOf(Mine)
        await querying
        const ending = pool.end()
        expect(ending).toBeInstanceOf(Mine)
        await ending
      })

      test('the password is not shown', () => {
        const pool = make({ password: 'do-not-show' })
        expect(Object.keys(pool.options)).not.toContain('password')
        expect((pool.options as { password?: string }).password).toBe('do-not-show')
      })

      test('the options object of the user is left as it was', () => {
        const options = { max: 3 }
        kind.make(options)
        expect(options).toEqual({ max: 3 })
      })

      test('libraries recognise it', () => {
        const pool = make()
        expect(pool.constructor.name).toContain('Pool')
        expect('getConnection' in pool).toBe(false)
        expect(pool.listenerCount('error')).toBe(0)
      })

      test('the error of a statement tells where it was awaited', async () => {
        const pool = make()
        async function whereItWasAwaited(): Promise<void> {
          await pool.query('nonsense')
        }
        expect((await failure(whereItWasAwaited())).stack).toContain('whereItWasAwaited')
      })

      test('the error of a connect tells where it was awaited', async () => {
        const pool = make({ port: 1 })
        async function whereItWasAwaited(): Promise<void> {
          await pool.connect()
        }
        expect((await failure(whereItWasAwaited())).stack).toContain('whereItWasAwaited')
      })
    })
  })
}
