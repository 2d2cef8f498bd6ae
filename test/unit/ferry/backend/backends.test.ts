import { EventEmitter } from 'node:events'
import { addGetconn } from '../../../../src/ferry/backend/add-getconn'
import { fromContextManager } from '../../../../src/ferry/backend/from-context-manager'
import { fromDelegate } from '../../../../src/ferry/backend/from-delegate'
import { fromGetconn } from '../../../../src/ferry/backend/from-getconn'
import { fromPgPool } from '../../../../src/ferry/backend/from-pg-pool'
import { systemClock } from '../../../../src/core/clock'
import { MockServer } from '../../../../src/pool/mock-server'
import { mockPgPool } from '../ferry-stage'

class FakeConnection extends EventEmitter {
  query(): Promise<string> {
    return Promise.resolve('row')
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}

describe('fromGetconn', () => {
  function manager() {
    const connection = new FakeConnection()
    return {
      connection,
      getconn: jest.fn((_key?: unknown): object | Promise<object> => connection),
      putconn: jest.fn(),
      closeall: jest.fn(),
    }
  }

  test('lends by getconn and gives back by putconn, with the key when there is one', async () => {
    const pool = manager()
    const backend = fromGetconn(pool)
    await (await backend.acquire({})).release()
    expect(pool.getconn).toHaveBeenLastCalledWith()
    expect(pool.putconn).toHaveBeenLastCalledWith(pool.connection)
    await (await backend.acquire({ key: 0 })).release()
    expect(pool.getconn).toHaveBeenLastCalledWith(0)
    expect(pool.putconn).toHaveBeenLastCalledWith(pool.connection, 0)
    await (await backend.acquire({ key: 'k' })).release(new Error('broken'))
    expect(pool.putconn).toHaveBeenLastCalledWith(pool.connection, 'k', true)
    await backend.close?.()
    expect(pool.closeall).toHaveBeenCalledTimes(1)
  })

  test('refuses a manager without putconn and says so', () => {
    expect(() => fromGetconn({ getconn: () => ({}) } as never)).toThrow(/putconn\(\) is missing/)
    expect(fromGetconn({ getconn: () => ({}), putconn: () => undefined }).close).toBeUndefined()
  })

  test('passes on what a manager without promises throws, inside a deadline too', async () => {
    const pool = manager()
    pool.getconn.mockImplementation(() => {
      throw new Error('connection pool exhausted')
    })
    await expect(fromGetconn(pool).acquire({})).rejects.toThrow('connection pool exhausted')
    await expect(fromGetconn(pool).acquire({ timeoutMs: 1000 })).rejects.toThrow('connection pool exhausted')
  })
})

describe('fromContextManager', () => {
  test('holds the connection by leaving the callback unfinished', async () => {
    const events: string[] = []
    const connection = new FakeConnection()
    const backend = fromContextManager(async (work) => {
      events.push('lent')
      try {
        return await work(connection)
      } finally {
        events.push('back')
      }
    })
    const lease = await backend.acquire({})
    expect(lease.client).toBe(connection)
    expect(events).toEqual(['lent'])
    await lease.release()
    expect(events).toEqual(['lent', 'back'])
  })

  test('makes the callback reject when the lease ended with an error, and keeps that error to itself', async () => {
    const seen: unknown[] = []
    const backend = fromContextManager(async (work) => {
      try {
        return await work({})
      } catch (error) {
        seen.push(error)
        throw error
      }
    })
    const broken = new Error('broken')
    await (await backend.acquire({})).release(broken)
    expect(seen).toEqual([broken])
  })

  test('tells when the manager fails to take the connection back', async () => {
    const backend = fromContextManager(async (work) => {
      await work({})
      throw new Error('could not reset')
    })
    await expect((await backend.acquire({})).release()).rejects.toThrow('could not reset')
  })

  test('rejects when the manager fails or finishes before it calls back', async () => {
    await expect(fromContextManager(() => Promise.reject(new Error('refused'))).acquire({})).rejects.toThrow(
      'refused',
    )
    await expect(
      fromContextManager(() => {
        throw new Error('threw')
      }).acquire({}),
    ).rejects.toThrow('threw')
    await expect(
      fromContextManager(() => Promise.resolve(undefined as never)).acquire({}),
    ).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
    })
    expect(() => fromContextManager({} as never)).toThrow(/a function that takes a callback/)
  })

  test('refuses a second and a late callback, so that the manager keeps those connections', async () => {
    let work: (connection: object) => Promise<unknown> = never
    let finish: () => void = () => undefined
    const backend = fromContextManager((callback) => {
      work = callback
      void callback({ first: true })
      return new Promise<void>((resolve) => (finish = resolve)) as never
    })
    const lease = await backend.acquire({})
    await expect(work({ second: true })).rejects.toMatchObject({ code: 'LEASE_ENDED' })
    expect(lease.client).toEqual({ first: true })
    finish()
    await new Promise(setImmediate)
    await expect(work({ late: true })).rejects.toThrow(/after it had finished/)
  })
})

describe('fromDelegate', () => {
  test("calls the delegate's own names", async () => {
    const connection = new FakeConnection()
    const delegate = { getDbConnection: jest.fn(() => connection), releaseDbConnection: jest.fn() }
    const backend = fromDelegate(delegate, { acquire: 'getDbConnection', release: 'releaseDbConnection' })
    await (await backend.acquire({})).release()
    expect(delegate.releaseDbConnection).toHaveBeenLastCalledWith(connection)
    const broken = new Error('broken')
    await (await backend.acquire({})).release(broken)
    expect(delegate.releaseDbConnection).toHaveBeenLastCalledWith(connection, broken)
  })

  test('opens a handle that holds nothing yet', async () => {
    const connection = new FakeConnection()
    const handle = { open: jest.fn(() => Promise.resolve(connection)), close: jest.fn() }
    const lease = await fromDelegate({ get: () => handle }, { acquire: 'get' }).acquire({})
    expect(lease.client).toBe(connection)
    await lease.release()
    expect(handle.close).toHaveBeenCalledTimes(1)
    const self = { connect: () => undefined, release: jest.fn() }
    const own = await fromDelegate({ get: () => self }, { acquire: 'get' }).acquire({})
    expect(own.client).toBe(self)
    await own.release(new Error('broken'))
    expect(self.release).toHaveBeenCalledWith(new Error('broken'))
    expect(
      (
        await fromDelegate(
          { get: () => ({ dispose: () => undefined }) },
          { acquire: 'get', release: 'dispose' },
        ).acquire({})
      ).client,
    ).toBeDefined()
  })

  test('gives good answers to wrong names', async () => {
    class Delegate {
      getDbConnection() {
        return {}
      }
    }
    expect(() => fromDelegate(new Delegate(), { acquire: 'getDbConection' })).toThrow(
      /did you mean 'getDbConnection'/,
    )
    await expect(
      fromDelegate(new Delegate(), { acquire: 'getDbConnection', release: 'putBack' }).acquire({}),
    ).rejects.toThrow(/fromDelegate\.release: received "putBack"/)
  })
})

describe('fromPgPool', () => {
  test('counts connections that were there before it', async () => {
    const pool = mockPgPool(new MockServer(systemClock))
    const early = await pool.connect()
    Object.assign(early, { _connected: true })
    const backend = fromPgPool(pool)
    expect([backend.connectionCount?.(), backend.openingCount?.()]).toEqual([1, 0])
    early.release(true)
    await pool.end()
  })

  test('survives a connection that dies while it is out, and has it closed', async () => {
    const server = new MockServer(systemClock)
    const pool = mockPgPool(server)
    const lease = await fromPgPool(pool).acquire({})
    server.kill((lease.client as { connectionId: number }).connectionId)
    await lease.release()
    expect(pool.totalCount).toBe(0)
    await pool.end()
  })

  test('refuses what is no pg.Pool', () => {
    expect(() => fromPgPool({} as never)).toThrow(/a pg\.Pool/)
  })
})

describe('addGetconn', () => {
  test('gives a pg.Pool getconn, putconn and closeall', async () => {
    const pool = mockPgPool(new MockServer(systemClock), { max: 1 })
    const manager = addGetconn(pool)
    expect(manager).toBe(pool)
    const first = await manager.getconn('k')
    expect(await manager.getconn('k')).toBe(first)
    const second = manager.getconn()
    manager.putconn(first, 'k')
    const connection = await second
    expect(() => {
      manager.putconn(first)
    }).toThrow(expect.objectContaining({ code: 'LEASE_ENDED' }))
    expect(() => {
      manager.putconn({} as never)
    }).toThrow(expect.objectContaining({ code: 'FOREIGN_CONNECTION' }))
    expect(() => {
      manager.putconn(connection, 'k')
    }).toThrow(expect.objectContaining({ code: 'FOREIGN_CONNECTION' }))
    expect(() => {
      manager.putconn(undefined as never, 'k')
    }).toThrow(expect.objectContaining({ code: 'FOREIGN_CONNECTION' }))
    manager.putconn(connection, undefined, true)
    expect(pool.totalCount).toBe(0)
    const last = await manager.getconn()
    await manager.closeall()
    await expect(last.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
    await expect(manager.getconn()).rejects.toMatchObject({ code: 'POOL_CLOSED' })
    expect(() => {
      manager.putconn(last)
    }).toThrow(expect.objectContaining({ code: 'POOL_CLOSED' }))
    await expect(manager.closeall()).rejects.toMatchObject({ code: 'POOL_CLOSED' })
    expect(pool.ended).toBe(true)
  })

  test('leaves a manager alone that has them already', () => {
    const manager = { getconn: () => ({}), putconn: () => undefined }
    const { getconn } = manager
    expect(addGetconn(manager)).toBe(manager)
    expect(manager.getconn).toBe(getconn)
  })

  test('works on a context manager with private state, and on a delegate', async () => {
    class Manager {
      #lent = 0
      get lent() {
        return this.#lent
      }
      async withConnection<T>(work: (connection: FakeConnection) => Promise<T>): Promise<T> {
        this.#lent++
        try {
          return await work(new FakeConnection())
        } finally {
          this.#lent--
        }
      }
    }
    const manager = addGetconn(new Manager())
    const connection = await manager.getconn()
    expect(manager.lent).toBe(1)
    manager.putconn(connection)
    await new Promise(setImmediate)
    expect(manager.lent).toBe(0)
    const released = jest.fn()
    const delegate = addGetconn(
      { take: () => new FakeConnection(), drop: released },
      { acquire: 'take', release: 'drop', acquireTimeoutMs: 100 },
    )
    const taken = await delegate.getconn()
    taken.discard()
    delegate.putconn(taken)
    expect(released).toHaveBeenCalledWith(expect.anything(), expect.any(Error))
    await delegate.closeall()
  })

  test('warns the process when a manager refuses a connection, and lets failed acquires pass', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const delegate = {
      take: () => new FakeConnection(),
      drop: () => {
        throw new Error('no room')
      },
    }
    const manager = addGetconn(delegate, { acquire: 'take', release: 'drop' })
    manager.putconn(await manager.getconn())
    await new Promise(setImmediate)
    expect(warned).toHaveBeenCalledWith(expect.stringContaining('no room'))
    warned.mockRestore()
    const failing = addGetconn({ take: () => Promise.reject<object>(new Error('down')) }, { acquire: 'take' })
    await expect(failing.getconn('k')).rejects.toThrow('down')
    await expect(failing.getconn('k')).rejects.toThrow('down')
  })

  test('says what it needs', () => {
    expect(() => addGetconn({})).toThrow(/the option 'acquire'/)
    expect(() => addGetconn({}, { aquire: 'x' } as never)).toThrow(/did you mean 'acquire'/)
    expect(() => addGetconn(Object.freeze({ withConnection: never }))).toThrow(/frozen/)
  })
})
