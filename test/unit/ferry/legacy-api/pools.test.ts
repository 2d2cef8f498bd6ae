import type { PoolClient } from 'pg'
import * as legacy from 'pgferry/legacy'
import { AcquireAbortedError, AcquireTimeoutError } from '../../../../src/core/errors'
import type { FerryComponent } from '../../../../src/ferry/create-ferry'
import { toLegacyError } from '../../../../src/ferry/legacy-api/legacy-errors'
import { createStage, shareOf, sides } from '../ferry-stage'

const waiting = {
  name: 'portals',
  stage: 'live' as const,
  pools: { parity: 'waiting' as const, acquireTimeoutMs: 30 },
}

describe.each(sides)("with parity 'waiting' on the %s side", (side) => {
  test('getconn waits for a connection, and says "exhausted" only at its deadline', async () => {
    const { portals, close } = createStage({ share: shareOf[side], max: 1, ferry: { components: [waiting] } })
    const { pools } = portals
    const first = await pools.getconn()
    const second = pools.getconn()
    pools.putconn(first)
    const held = await second
    await expect(pools.getconn()).rejects.toMatchObject({
      name: 'PoolError',
      message: 'connection pool exhausted',
      cause: { code: 'ACQUIRE_TIMEOUT' },
    })
    pools.putconn(held)
    await close()
  })

  test("automatic keys never collide with the caller's own", async () => {
    const { portals, close } = createStage({ share: shareOf[side], ferry: { components: [waiting] } })
    const { pools } = portals
    const [mine, other] = await Promise.all([pools.getconn(1), pools.getconn()])
    expect(mine).not.toBe(other)
    pools.putconn(mine, 1)
    pools.putconn(other)
    await close()
  })
})

describe.each(sides)('closeall() on the %s side', (side) => {
  const open = (max: number) => createStage({ share: shareOf[side], max, ferry: { components: [waiting] } })

  test('closes what came through this pool, with a key or without, and nothing else', async () => {
    const { portals, ferry, close } = open(4)
    const { pools, infra, delegatePool } = portals
    const mine = [await pools.getconn(), await pools.getconn('k')]
    const others = [await infra.getDbConnection(), await delegatePool.getconn()]
    await pools.closeall()
    for (const connection of mine)
      await expect(connection.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
    for (const connection of others) await connection.query('SELECT 1')
    expect(ferry.status().components[0]?.leases[side]).toBe(2)
    for (const connection of others) connection.release()
    await close()
  })

  test('waits for callers under way: whoever gets a connection by it is told, and it is not lost', async () => {
    const { portals, ferry, close } = open(1)
    const { pools } = portals
    const held = await pools.getconn()
    const waits = [pools.getconn('k'), pools.getconn()].map((wait) =>
      wait.catch((error: unknown) => String(error)),
    )
    const closing = pools.closeall()
    await expect(held.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
    expect(await Promise.all(waits)).toEqual(Array(2).fill('PoolError: connection pool is closed'))
    await closing
    expect(ferry.status().components[0]?.leases[side]).toBe(0)
    await (await portals.infra.getDbConnection()).query('SELECT 1')
    await close()
  })

  test('waits for callers under way whom nobody gives a connection', async () => {
    const { portals, close } = open(1)
    const held = await portals.infra.getDbConnection()
    const told: string[] = []
    void portals.pools.getconn().catch((error: unknown) => told.push(String(error)))
    await portals.pools.closeall()
    expect(told).toEqual(['PoolError: connection pool exhausted'])
    held.release()
    await close()
  })
})

test('a key is free again whatever ended the lease', async () => {
  const { portals, ferry, close } = createStage()
  const { pools, infra, delegatePool } = portals
  const first = await pools.getconn('k')
  await infra.releaseDbConnection(first)
  const second = await pools.getconn('k')
  expect(second).not.toBe(first)
  second.release()
  {
    await using third = await pools.getconn('k')
    await third.query('SELECT 1')
  }
  const fourth = await delegatePool.getconn('k')
  await delegatePool.putconn(fourth, 'k', true)
  expect(ferry.status().components[0]?.leases.legacy).toBe(0)
  await delegatePool.closeall()
  await expect(delegatePool.getconn()).rejects.toThrow('connection pool is closed')
  await close()
})

test('a getconn that is under way when everything is closed fails, and its connection is not lost', async () => {
  const { portals, ferry, close } = createStage()
  const pending = portals.pools.getconn()
  const closing = portals.pools.closeall()
  await expect(pending).rejects.toThrow('connection pool is closed')
  await closing
  expect(ferry.status().components[0]?.leases.legacy).toBe(0)
  await close()
})

test('a failed getconn gives its place back', async () => {
  const { portals, legacyServer, close } = createStage({
    ferry: { components: [{ name: 'portals', stage: 'live', pools: { maxconn: 1 } }] },
  })
  legacyServer.failConnect(new Error('port closed'))
  await expect(portals.pools.getconn()).rejects.toThrow('port closed')
  portals.pools.putconn(await portals.pools.getconn())
  await close()
})

test('old catch blocks find the errors they know, and all others as they are', () => {
  expect(toLegacyError(new AcquireTimeoutError('x', undefined))).toMatchObject({
    message: 'connection pool exhausted',
  })
  const aborted = new AcquireAbortedError('x')
  expect(toLegacyError(aborted)).toBe(aborted)
  expect(toLegacyError('text')).toMatchObject({ message: 'text', cause: 'text' })
  expect(new legacy.KeyError(5)).toMatchObject({
    name: 'KeyError',
    key: 5,
    message: expect.stringMatching(/^5: /),
  })
  expect(new legacy.PoolError('x')).toBeInstanceOf(Error)
})

test('the entry has what a crossing needs', () => {
  expect(Object.keys(legacy)).toEqual(
    expect.arrayContaining([
      'createFerry',
      'fromPgPool',
      'fromGetconn',
      'fromContextManager',
      'fromDelegate',
      'addGetconn',
      'staticFlags',
      'fileFlags',
      'envFlags',
      'unleashFlags',
      'PoolError',
      'KeyError',
    ]),
  )
})

/** Compiled, not run: call sites of the old application, with its own types, against the ferry. */
export async function oldCallSites({ infra, pools, delegatePool, pgPool }: FerryComponent): Promise<number> {
  const count = async (client: PoolClient): Promise<number> =>
    (await client.query<{ n: number }>('SELECT 1 AS n')).rows[0]?.n ?? 0
  let client: PoolClient | undefined
  try {
    client = await infra.getDbConnection()
    await count(client)
  } finally {
    if (client !== undefined) await infra.releaseDbConnection(client)
  }
  const total: number = await infra.getDbConnection(count)
  const keyed = await pools.getconn('k')
  pools.putconn(keyed, 'k', true)
  await delegatePool.putconn(await delegatePool.getconn())
  await pools.withConnection(async (conn) => count(conn))
  const pooled: PoolClient = await pgPool.connect()
  pooled.release()
  return total
}
