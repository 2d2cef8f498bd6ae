import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from '../../src/core/connection'
import type { PoolsOptions } from '../../src/ferry/ferry-options'
import type { MockServer } from '../../src/pool/mock-server'
import { createStage, shareOf, sides } from '../unit/ferry/ferry-stage'

type Stage = ReturnType<typeof createStage>

interface Bench {
  readonly pools: Stage['portals']['pools']
  readonly server: MockServer
  /** Number of the physical connection. */
  id(connection: Connection): number
  /** Leases out now. */
  used(): number
  /** Statements that reached the server. */
  texts(): string[]
  /** Waits until the connection has really arrived. */
  settled(): Promise<void>
}

interface Vector {
  readonly name: string
  /** As the document says; a deviation has its reason there. */
  readonly verdict: 'reproduced' | 'deviation'
  readonly pools?: PoolsOptions
  run(bench: Bench): Promise<void>
}

const unkeyed = { name: 'PoolError', message: 'trying to put unkeyed connection' }
const closed = { name: 'PoolError', message: 'connection pool is closed' }

function errorOf(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}

const vectors: readonly Vector[] = [
  {
    name: 'exhausted',
    verdict: 'reproduced',
    pools: { minconn: 1, maxconn: 2 },
    async run({ pools, used }) {
      await Promise.all([pools.getconn(), pools.getconn()])
      await expect(pools.getconn()).rejects.toMatchObject({
        name: 'PoolError',
        message: 'connection pool exhausted',
      })
      expect(used()).toBe(2)
    },
  },
  {
    name: 'same key twice',
    verdict: 'reproduced',
    async run({ pools, used }) {
      const [first, pending] = await Promise.all([pools.getconn('k'), pools.getconn('k')])
      expect(pending).toBe(first)
      expect(await pools.getconn('k')).toBe(first)
      expect(used()).toBe(1)
    },
  },
  {
    name: 'user key 1 collides with automatic key 1',
    verdict: 'reproduced',
    async run({ pools }) {
      expect(await pools.getconn(1)).toBe(await pools.getconn())
    },
  },
  {
    name: 'falsy keys',
    verdict: 'reproduced',
    async run({ pools, used }) {
      const zero = await pools.getconn(0)
      expect(await pools.getconn('')).not.toBe(zero)
      expect(await pools.getconn(false)).toBe(zero)
      expect(await pools.getconn(null)).not.toBe(zero)
      expect(used()).toBe(3)
    },
  },
  {
    name: 'only minconn retained',
    verdict: 'deviation',
    pools: { minconn: 1, maxconn: 3 },
    async run({ pools, server }) {
      const all = await Promise.all([pools.getconn(), pools.getconn(), pools.getconn()])
      for (const connection of all) pools.putconn(connection)
      expect(server.openCount).toBe(3)
    },
  },
  {
    name: 'minconn=0 never pools',
    verdict: 'deviation',
    pools: { minconn: 0, maxconn: 3 },
    async run({ pools, id }) {
      const first = await pools.getconn()
      const number = id(first)
      pools.putconn(first)
      expect(id(await pools.getconn())).toBe(number)
    },
  },
  {
    name: 'double putconn without key',
    verdict: 'reproduced',
    async run({ pools }) {
      const connection = await pools.getconn()
      pools.putconn(connection)
      expect(
        errorOf(() => {
          pools.putconn(connection)
        }),
      ).toMatchObject(unkeyed)
    },
  },
  {
    name: 'double putconn keyed, idle list full',
    verdict: 'deviation',
    async run({ pools, server }) {
      const connection = await pools.getconn('k')
      pools.putconn(connection, 'k')
      expect(
        errorOf(() => {
          pools.putconn(connection, 'k')
        }),
      ).toMatchObject({ name: 'KeyError', key: 'k' })
      expect(server.openCount).toBe(1)
      await expect((await pools.getconn()).query('SELECT 1')).resolves.toBeDefined()
    },
  },
  {
    name: 'double putconn keyed, idle list has room',
    verdict: 'deviation',
    async run({ pools, id }) {
      const connection = await pools.getconn('k')
      pools.putconn(connection, 'k')
      expect(
        errorOf(() => {
          pools.putconn(connection, 'k')
        }),
      ).toMatchObject({ name: 'KeyError' })
      const [a, b] = await Promise.all([pools.getconn(), pools.getconn()])
      expect(id(a)).not.toBe(id(b))
    },
  },
  {
    name: 'putconn with a wrong key',
    verdict: 'deviation',
    async run({ pools, used }) {
      const connection = await pools.getconn('k')
      const error = errorOf(() => {
        pools.putconn(connection, 'other')
      })
      expect(error).toMatchObject({ name: 'KeyError', key: 'other' })
      expect(String(error)).toMatch(/'other'/)
      expect(used()).toBe(1)
      await expect(connection.query('SELECT 1')).resolves.toBeDefined()
      pools.putconn(connection, 'k')
      expect(used()).toBe(0)
    },
  },
  {
    name: 'foreign connection without key',
    verdict: 'reproduced',
    async run({ pools }) {
      expect(
        errorOf(() => {
          pools.putconn({} as never)
        }),
      ).toMatchObject(unkeyed)
    },
  },
  {
    name: 'open transaction is rolled back and the connection kept',
    verdict: 'reproduced',
    async run({ pools, id, texts, settled }) {
      const connection = await pools.getconn()
      const number = id(connection)
      await connection.query('BEGIN')
      pools.putconn(connection)
      await settled()
      expect(texts()).toEqual(['BEGIN', 'ROLLBACK'])
      expect(id(await pools.getconn())).toBe(number)
    },
  },
  {
    name: 'failed transaction is rolled back and the connection kept',
    verdict: 'reproduced',
    async run({ pools, id, server, texts, settled }) {
      server.reply('SELECT 1/0', new Error('division by zero'))
      const connection = await pools.getconn()
      const number = id(connection)
      await connection.query('BEGIN')
      await expect(connection.query('SELECT 1/0')).rejects.toThrow('division by zero')
      pools.putconn(connection)
      await settled()
      expect(texts().at(-1)).toBe('ROLLBACK')
      expect(id(await pools.getconn())).toBe(number)
    },
  },
  {
    name: 'lost connection is closed',
    verdict: 'reproduced',
    async run({ pools, id, server, used, texts }) {
      const connection = await pools.getconn()
      const number = id(connection)
      server.kill(number)
      pools.putconn(connection)
      expect(used()).toBe(0)
      expect(texts()).toEqual([])
      expect(id(await pools.getconn())).not.toBe(number)
    },
  },
  {
    name: 'close=True inside a transaction closes without rollback',
    verdict: 'reproduced',
    async run({ pools, id, texts, settled }) {
      const connection = await pools.getconn('k')
      const number = id(connection)
      await connection.query('BEGIN')
      pools.putconn(connection, 'k', true)
      await settled()
      expect(texts()).toEqual(['BEGIN'])
      expect(id(await pools.getconn())).not.toBe(number)
    },
  },
  {
    name: 'rollback fails in putconn',
    verdict: 'deviation',
    pools: { minconn: 1, maxconn: 1 },
    async run({ pools, id, server, used, settled }) {
      server.reply('ROLLBACK', new Error('rollback failed'))
      const connection = await pools.getconn()
      const number = id(connection)
      await connection.query('BEGIN')
      expect(
        errorOf(() => {
          pools.putconn(connection)
        }),
      ).toBeUndefined()
      await settled()
      expect(used()).toBe(0)
      expect(id(await pools.getconn())).not.toBe(number)
    },
  },
  {
    name: 'closed connection is discarded and its slot freed',
    verdict: 'reproduced',
    pools: { minconn: 1, maxconn: 1 },
    async run({ pools, id, used }) {
      const connection = await pools.getconn()
      const number = id(connection)
      await (connection as unknown as { end(): Promise<void> }).end()
      pools.putconn(connection)
      expect(used()).toBe(0)
      expect(id(await pools.getconn())).not.toBe(number)
    },
  },
  {
    name: 'dead idle connection is handed out unverified',
    verdict: 'deviation',
    async run({ pools, id, server }) {
      const connection = await pools.getconn()
      const number = id(connection)
      pools.putconn(connection)
      server.kill(number)
      expect(id(await pools.getconn())).not.toBe(number)
    },
  },
  {
    name: 'closeall, then everything is refused',
    verdict: 'reproduced',
    async run({ pools, used }) {
      const connection = await pools.getconn()
      await pools.closeall()
      expect(used()).toBe(0)
      await expect(connection.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
      await expect(pools.getconn()).rejects.toMatchObject(closed)
      expect(
        errorOf(() => {
          pools.putconn(connection)
        }),
      ).toMatchObject(closed)
      await expect(pools.closeall()).rejects.toMatchObject(closed)
    },
  },
  {
    name: 'minconn above maxconn is never limited',
    verdict: 'reproduced',
    pools: { minconn: 3, maxconn: 1 },
    async run({ pools, used }) {
      await Promise.all(Array.from({ length: 6 }, () => pools.getconn()))
      expect(used()).toBe(6)
    },
  },
  {
    name: 'last in, first out',
    verdict: 'reproduced',
    async run({ pools, id }) {
      const all = await Promise.all([pools.getconn(), pools.getconn(), pools.getconn()])
      const numbers = all.map(id)
      for (const connection of all) pools.putconn(connection)
      expect(id(await pools.getconn())).toBe(numbers[2])
    },
  },
  {
    name: 'putconn() without connection',
    verdict: 'reproduced',
    async run({ pools }) {
      expect(
        errorOf(() => {
          pools.putconn()
        }),
      ).toMatchObject(unkeyed)
    },
  },
  {
    name: 'putconn(key) without connection',
    verdict: 'reproduced',
    async run({ pools, used }) {
      await pools.getconn('k')
      expect(
        errorOf(() => {
          pools.putconn(undefined, 'k')
        }),
      ).toBeInstanceOf(TypeError)
      expect(used()).toBe(1)
    },
  },
  {
    name: 'limits given as text',
    verdict: 'reproduced',
    pools: { minconn: '2', maxconn: '3' },
    async run({ pools }) {
      await Promise.all([pools.getconn(), pools.getconn(), pools.getconn()])
      await expect(pools.getconn()).rejects.toThrow('connection pool exhausted')
    },
  },
]

describe.each(sides)('psycopg2.pool on the %s side', (side) => {
  test.each(vectors)('$name: $verdict', async ({ pools: options, run }) => {
    const components = [
      { name: 'portals', stage: 'live' as const, ...(options === undefined ? {} : { pools: options }) },
    ]
    const stage = createStage({ share: shareOf[side], max: 8, ferry: { components } })
    const server = side === 'legacy' ? stage.legacyServer : stage.strategy.server
    const used = () => stage.ferry.status().components[0]?.leases[side] ?? -1
    await run({
      pools: stage.portals.pools,
      server,
      id: (connection) => (connection as unknown as { connectionId: number }).connectionId,
      used,
      texts: () => server.statements.map(({ text }) => text),
      settled: async () => {
        const isSettled = () => used() === 0 && stage.strategy.stats().resetting === 0
        for (let turn = 0; turn < 100 && !isSettled(); turn++) await new Promise(setImmediate)
      },
    })
    await stage.ferry.close({ timeoutMs: 0 })
    await stage.close()
  })
})

test('all 24 rows are here, and the document says the same of each', () => {
  const document = readFileSync(join(__dirname, '../../docs/psycopg2-parity.md'), 'utf8')
  const rows = [...document.matchAll(/^\| +\d+ +\| +(.+?) +\| +(reproduced|deviation) +\| +(.+?) +\|$/gm)]
  expect(vectors).toHaveLength(24)
  expect(rows.map(([, name, verdict]) => ({ name, verdict }))).toEqual(
    vectors.map(({ name, verdict }) => ({ name, verdict })),
  )
})
