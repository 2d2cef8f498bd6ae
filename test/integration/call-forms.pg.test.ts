import { AsyncLocalStorage } from 'node:async_hooks'
import { Pool, Query, type PoolClient, type QueryResult } from 'pg'
import { fromPgPool } from '../../src/ferry/backend/from-pg-pool'
import { createFerry } from '../../src/ferry/create-ferry'
import { staticFlags } from '../../src/ferry/flags/static-flags'
import { createConnectionService } from '../../src/service/create-connection-service'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(async () => {
  await database.close()
})

/** `pg`'s types know neither a callback in the config nor a submittable of `Pool.query`. */
type AnyQuery = (...args: unknown[]) => Promise<QueryResult>

describe.each(['legacy', 'service'] as const)('on the %s side', (side) => {
  const share = side === 'service' ? 1 : 0

  async function open() {
    const pool = new Pool({ ...database.connection, max: 2 })
    const service = createConnectionService({
      databases: { connection: database.connection, pool: { max: 2 } },
    })
    const flags = staticFlags({ portals: share })
    const ferry = createFerry({
      service,
      legacy: fromPgPool(pool),
      flags,
      components: [{ name: 'portals', stage: 'live' }],
    })
    const { pgPool } = ferry.component('portals')
    const leases = () => ferry.status().components[0]?.leases
    // After an error the server has a word to say yet before the connection goes on.
    const allBack = () => waitFor(() => leases()?.[side] === 0, { what: 'all leases back' })
    const close = async (): Promise<void> => {
      await ferry.close()
      await Promise.all([service.close(), pool.end()])
    }
    // Opened in no context at all, as most connections are from the point of view of whoever uses them.
    await pgPool.query('SELECT 1')
    return { ferry, flags, pgPool, query: pgPool.query.bind(pgPool) as AnyQuery, allBack, close }
  }

  test('a pg.Query through the pool answers its result, and gives the connection back', async () => {
    const { query, allBack, close } = await open()
    expect((await query(new Query('SELECT 6 AS six'))).rows).toEqual([{ six: 6 }])
    await expect(query(new Query('SELECT 1/0'))).rejects.toMatchObject({ code: '22012' })
    await allBack()
    await close()
  })

  test('a callback inside the config does not make the pool answer nothing', async () => {
    const { query, allBack, close } = await open()
    const config = { text: 'SELECT 5 AS five', callback: () => undefined }
    expect((await query(config)).rows).toEqual([{ five: 5 }])
    await expect(query('SELECT $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' })
    await allBack()
    await close()
  })

  test('a submittable whose end nobody can await is refused, and nothing is taken for it', async () => {
    const { query, allBack, close } = await open()
    const submittable = { submit: () => undefined, handleError: () => undefined }
    await expect(query(submittable)).rejects.toThrow(/pgPool\.query.*connect\(\)/)
    await allBack()
    await close()
  })

  test('a callback runs in the async context of whoever passed it', async () => {
    const { pgPool, query, close } = await open()
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const note = (): number => seen.push(storage.getStore())
    await storage.run('request', async () => {
      const client = await pgPool.connect()
      const send = client.query.bind(client) as unknown as (...args: unknown[]) => void
      await new Promise<void>((resolve) => {
        send('SELECT 1', () => {
          note()
          send({
            text: 'SELECT 1',
            callback: () => {
              note()
              resolve()
            },
          })
        })
      })
      client.release()
      await new Promise<void>((resolve) => {
        void query('SELECT 1', () => {
          note()
          resolve()
        })
      })
    })
    expect(seen).toEqual(['request', 'request', 'request'])
    await close()
  })

  test('a unit of work keeps its side inside callbacks of queries', async () => {
    const { ferry, flags, pgPool, close } = await open()
    const other = side === 'service' ? 'legacy' : 'service'
    const before = ferry.status().components[0]?.units[other]
    await ferry.unitOfWork('portals', async () => {
      flags.set('portals', 1 - share)
      await new Promise<void>((resolve, reject) => {
        pgPool.connect((error, client, release) => {
          if (client === undefined) {
            reject(error ?? new Error('no client'))
            return
          }
          client.query('SELECT 1', () => {
            release()
            pgPool.connect((_, nested, releaseNested) => {
              releaseNested()
              if (nested === undefined) reject(new Error('no nested client'))
              else setTimeout(resolve, 1)
            })
          })
        })
      })
    })
    expect(ferry.status().components[0]?.units[other]).toBe(before)
    await close()
  })

  test('a listener of the pool that throws costs no connection', async () => {
    const { pgPool, allBack, close } = await open()
    const fail = (): never => {
      throw new Error('listener is broken')
    }
    pgPool.once('acquire', fail)
    await expect(pgPool.connect()).rejects.toThrow('listener is broken')
    const client: PoolClient = await pgPool.connect()
    pgPool.once('release', fail)
    expect(() => {
      client.release()
    }).toThrow('listener is broken')
    await pgPool.end()
    expect(pgPool.totalCount).toBe(0)
    await allBack()
    await close()
  })
})
