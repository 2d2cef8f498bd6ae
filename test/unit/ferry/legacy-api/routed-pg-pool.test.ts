import { Pool, type PoolClient } from 'pg'
import { createStage, shareOf, sides } from '../ferry-stage'

describe.each(sides)('pgPool on the %s side', (side) => {
  const open = () => createStage({ share: shareOf[side], max: 2 })

  test('is a pg.Pool to whoever asks', async () => {
    const { portals, close } = open()
    expect(portals.pgPool).toBeInstanceOf(Pool)
    expect(portals.pgPool.constructor.name).toContain('Pool')
    expect('getConnection' in portals.pgPool).toBe(false)
    expect(portals.pgPool.options.max).toBe(2)
    await close()
  })

  test('tells which of several clients was released, and whether it is kept', async () => {
    const { portals, close } = open()
    const { pgPool } = portals
    const clients = [await pgPool.connect(), await pgPool.connect()]
    const seen: unknown[] = []
    pgPool.on('release', (_error, client) => seen.push(clients.indexOf(client)))
    pgPool.on('remove', (client) => seen.push(`removed ${String(clients.indexOf(client))}`))
    clients[1]?.release(true)
    clients[0]?.release()
    expect(seen).toEqual([1, 'removed 1', 0])
    expect(pgPool.totalCount).toBe(0)
    await close()
  })

  test('counts what is out, and tells its listeners', async () => {
    const { portals, close } = open()
    const { pgPool } = portals
    const seen: string[] = []
    for (const event of ['connect', 'acquire', 'remove'] as const) pgPool.on(event, () => seen.push(event))
    pgPool.on('release', (error) => seen.push(`release ${String(error)}`))
    const client = await pgPool.connect()
    expect([pgPool.totalCount, pgPool.idleCount, pgPool.waitingCount]).toEqual([1, 0, 0])
    client.release()
    const pending = pgPool.connect()
    expect(pgPool.waitingCount).toBe(1)
    const again = await pending
    again.release(new Error('broken'))
    expect(pgPool.totalCount).toBe(0)
    expect(seen).toEqual([
      'connect',
      'acquire',
      'release undefined',
      'acquire',
      'release Error: broken',
      'remove',
    ])
    expect(() => {
      again.release()
    }).toThrow(expect.objectContaining({ code: 'LEASE_ENDED' }))
    await close()
  })

  test.each(['at once', 'while the caller waits'])(
    'gives back what a listener that was put there %s refuses by throwing',
    async (when) => {
      const { portals, ferry, close } = open()
      const { pgPool } = portals
      const held = when === 'at once' ? [] : [await pgPool.connect(), await pgPool.connect()]
      const refuse = (): void => {
        throw new Error('not this one')
      }
      if (when === 'at once') pgPool.on('acquire', refuse)
      const refused = expect(pgPool.connect()).rejects.toThrow('not this one')
      if (when !== 'at once') pgPool.on('acquire', refuse)
      for (const client of held) client.release()
      await refused
      expect([pgPool.totalCount, pgPool.waitingCount]).toEqual([0, 0])
      expect(ferry.status().components.find(({ name }) => name === 'portals')?.leases).toEqual({
        legacy: 0,
        service: 0,
      })
      await close()
    },
  )

  test('knows the callback forms', async () => {
    const { portals, ferry, close } = open()
    const { pgPool } = portals
    const client = await new Promise<PoolClient>((resolve, reject) => {
      pgPool.connect((error, connected, done) => {
        if (connected === undefined) {
          reject(error ?? new Error('no client'))
          return
        }
        done()
        resolve(connected)
      })
    })
    await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
    const rows = await new Promise((resolve, reject) => {
      pgPool.query('SELECT $1', [1], (error: Error | undefined, result) => {
        if (error === undefined) resolve(result.rows)
        else reject(error)
      })
    })
    expect(rows).toEqual([])
    expect(ferry.status().components[0]?.leases).toEqual({ legacy: 0, service: 0 })
    await new Promise<void>((resolve) => {
      pgPool.end(resolve)
    })
    const second = await new Promise((resolve) => {
      pgPool.end(resolve as never)
    })
    expect(second).toEqual(new Error('Called end on pool more than once'))
    const [error, nothing] = await new Promise<unknown[]>((resolve) => {
      pgPool.connect((...answer) => {
        answer[2]()
        resolve(answer)
      })
    })
    expect([String(error), nothing]).toEqual([
      'Error: Cannot use a pool after calling end on the pool',
      undefined,
    ])
    await expect(
      new Promise((resolve, reject) => {
        pgPool.query('SELECT 1', (failure: Error | undefined, result) => {
          if (failure === undefined) resolve(result)
          else reject(failure)
        })
      }),
    ).rejects.toThrow(/after calling end/)
    await close()
  })

  test('ends when the last client is back, and gives back after a failed query', async () => {
    const { portals, ferry, legacyServer, strategy, close } = open()
    const { pgPool } = portals
    const server = side === 'legacy' ? legacyServer : strategy.server
    server.reply('SELECT nonsense', new Error('no such column'))
    await expect(pgPool.query('SELECT nonsense')).rejects.toThrow('no such column')
    await expect((pgPool.query as unknown as () => Promise<void>)()).rejects.toThrow(/must be a statement/)
    expect(ferry.status().components[0]?.leases[side]).toBe(0)
    const client = await pgPool.connect()
    const ended = pgPool.end()
    expect([pgPool.ending, pgPool.ended]).toEqual([true, false])
    client.release()
    await ended
    expect(pgPool.ended).toBe(true)
    await close()
  })
})
