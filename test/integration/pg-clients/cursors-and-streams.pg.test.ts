import { finished, pipeline } from 'node:stream/promises'
import { Readable, Transform } from 'node:stream'
import type { Pool, PoolClient } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { createConnectionService } from '../../../src/index'
import { describeOnEachPool } from '../../clients/pools'
import { testDatabase, type TestDatabase } from '../../support/postgres'

const tenThousand = 'SELECT n, repeat(md5(n::text), 4) AS text FROM generate_series(1, 10000) AS n'

describeOnEachPool('pg-cursor', (rig) => {
  test('a result is read in parts, and the rest is left on the server', async () => {
    await withClient(rig.pool({ max: 1 }), async (client) => {
      const cursor = client.query(new Cursor<{ n: number }>(tenThousand))
      expect((await cursor.read(3)).map((row) => row.n)).toEqual([1, 2, 3])
      expect((await cursor.read(2)).map((row) => row.n)).toEqual([4, 5])
      await cursor.close()
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    })
  })

  test('reading past the end gives nothing, with parameters and in callback form too', async () => {
    await withClient(rig.pool({ max: 1 }), async (client) => {
      const cursor = client.query(new Cursor<{ n: number }>('SELECT generate_series(1, $1::int) AS n', [3]))
      const rows = await new Promise<readonly { n: number }[]>((resolve, reject) => {
        cursor.read(100, (error: Error | undefined, found) => {
          if (error) reject(error)
          else resolve(found)
        })
      })
      expect(rows.map((row) => row.n)).toEqual([1, 2, 3])
      expect(await cursor.read(100)).toEqual([])
    })
  })

  test('queries that are sent while a cursor is open wait for its end', async () => {
    await withClient(rig.pool({ max: 1 }), async (client) => {
      const cursor = client.query(new Cursor<{ n: number }>(tenThousand))
      await cursor.read(10)
      const behind = client.query('SELECT 1 AS one')
      await cursor.read(10)
      await cursor.close()
      expect((await behind).rows).toEqual([{ one: 1 }])
    })
  })

  test('a cursor whose statement is wrong fails at its first read, and its client serves on', async () => {
    await withClient(rig.pool({ max: 1 }), async (client) => {
      const cursor = client.query(new Cursor('SELECT * FROM missing'))
      await expect(cursor.read(1)).rejects.toMatchObject({ code: '42P01' })
      await cursor.close()
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    })
  })
})

describeOnEachPool('pg-query-stream', (rig) => {
  test('ten thousand rows arrive in order, a part of them in memory at a time', async () => {
    const pool = rig.pool({ max: 1 })
    const numbers = await withClient(pool, async (client) => {
      const seen: number[] = []
      for await (const row of client.query(new QueryStream(tenThousand, [], { batchSize: 500 }))) {
        seen.push((row as { n: number }).n)
      }
      return seen
    })
    expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1))
  })

  test('a stream that is destroyed early frees the client for the next query', async () => {
    const pool = rig.pool({ max: 1 })
    await withClient(pool, async (client) => {
      const stream = client.query(new QueryStream(tenThousand, [], { batchSize: 10, highWaterMark: 10 }))
      let seen = 0
      for await (const _row of stream) if (++seen === 25) break
      expect(stream.destroyed).toBe(true)
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    })
    expect(pool.totalCount).toBe(1)
  })

  test('a client that is given back when its stream closes serves a waiting caller', async () => {
    const pool = rig.pool({ max: 1 })
    const client = await pool.connect()
    const stream = client.query(new QueryStream(tenThousand, [], { batchSize: 10, highWaterMark: 10 }))
    stream.once('close', () => {
      client.release()
    })
    const waiting = pool.query('SELECT 1 AS one')
    stream.destroy()
    await finished(stream).catch(() => undefined)
    expect((await waiting).rows).toEqual([{ one: 1 }])
  })

  test('an error in the middle of the rows fails the stream, and its client serves on', async () => {
    await withClient(rig.pool({ max: 1 }), async (client) => {
      const sql = 'SELECT 1 / (n - 5000) FROM generate_series(1, 10000) AS n'
      const read = async (): Promise<number> => {
        let seen = 0
        for await (const _row of client.query(new QueryStream(sql))) seen++
        return seen
      }
      await expect(read()).rejects.toMatchObject({ code: '22012' })
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    })
  })
})

describeOnEachPool('pg-copy-streams', (rig) => {
  beforeAll(() => rig.database.query('CREATE TABLE copied (n int PRIMARY KEY, text text)'))
  beforeEach(() => rig.database.query('TRUNCATE copied'))

  const lines = function* (count: number): Generator<string> {
    for (let n = 1; n <= count; n++) yield `${n}\tline ${n}\n`
  }

  test('rows are copied in and out again', async () => {
    await withClient(rig.pool({ max: 1 }), async (client) => {
      const into = client.query(copyFrom('COPY copied FROM STDIN'))
      await pipeline(Readable.from(lines(10_000)), into)
      expect(into.rowCount).toBe(10_000)
      const chunks: Buffer[] = []
      for await (const chunk of client.query(copyTo('COPY (SELECT * FROM copied ORDER BY n) TO STDOUT'))) {
        chunks.push(chunk as Buffer)
      }
      expect(Buffer.concat(chunks).toString()).toBe([...lines(10_000)].join(''))
    })
  })

  test('a copy inside of a transaction is undone with it', async () => {
    await withClient(rig.pool({ max: 1 }), async (client) => {
      await client.query('BEGIN')
      await pipeline(Readable.from(lines(10)), client.query(copyFrom('COPY copied FROM STDIN')))
      await client.query('ROLLBACK')
      expect(await countOf(client)).toBe(0)
    })
  })

  test('a source that fails aborts the copy, nothing is written, and the client serves on', async () => {
    const pool = rig.pool({ max: 1 })
    await withClient(pool, async (client) => {
      const breaking = new Transform({
        transform: (chunk: Buffer, _encoding, done) => {
          if (chunk.toString().startsWith('500\t')) done(new Error('the source failed'))
          else done(null, chunk)
        },
      })
      const copy = pipeline(
        Readable.from(lines(1000)),
        breaking,
        client.query(copyFrom('COPY copied FROM STDIN')),
      )
      await expect(copy).rejects.toThrow('the source failed')
      expect(await countOf(client)).toBe(0)
    })
  })

  test('a line that is wrong fails the copy with the error of the server, and the client serves on', async () => {
    await withClient(rig.pool({ max: 1 }), async (client) => {
      const copy = pipeline(
        Readable.from(['not a number\tline\n']),
        client.query(copyFrom('COPY copied FROM STDIN')),
      )
      await expect(copy).rejects.toMatchObject({ code: '22P02' })
      expect(await countOf(client)).toBe(0)
    })
  })
})

describe('query() of a service', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase()
    await database.query('CREATE TABLE copied (id int, text text)')
  })
  afterAll(() => database.close())

  test('streams, cursors and copies run on a lease of their own, once, until they end', async () => {
    await using service = createConnectionService({
      databases: { connection: database.connection, pool: { max: 1 } },
    })
    const run = (statement: object) => service.query(statement as never)
    const numbers: unknown[] = []
    const stream = new QueryStream('SELECT generate_series(1, 3) AS n')
    stream.on('data', (row: unknown) => numbers.push(row))
    await run(stream)
    expect(numbers).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])

    const cursor = new Cursor<{ n: number }>('SELECT generate_series(1, 3) AS n')
    const ended = run(cursor)
    expect(await cursor.read(2)).toHaveLength(2)
    await cursor.close()
    await ended

    const into = copyFrom('COPY copied FROM STDIN')
    const copied = run(into)
    into.end('1\tone\n2\ttwo\n')
    expect(await copied).toMatchObject({ rowCount: 2 })
    const out = copyTo('COPY copied TO STDOUT')
    const parts: string[] = []
    out.on('data', (part: Buffer) => parts.push(part.toString()))
    await run(out)
    expect(parts.join('')).toBe('1\tone\n2\ttwo\n')

    await expect(run(new QueryStream('SELECT missing').resume())).rejects.toMatchObject({ code: '42703' })
    expect(service.stats().purposes['general']).toMatchObject({ leased: 0, waiting: 0 })
  })
})

async function countOf(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM copied')
  return rows[0]!.count
}

async function withClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}
