import * as pg from 'pg'
import type { ClientBase, QueryResult } from 'pg'
import { systemClock } from '../../src/core/clock'
import { createClientDriver } from '../../src/pool/pg-driver-client'
import { testDatabase, type TestDatabase } from '../support/postgres'

type Query = (text: unknown, values?: unknown, callback?: unknown) => unknown
type Patchable = Record<string, (...args: unknown[]) => unknown>

const driver = createClientDriver({ clock: systemClock })
let database: TestDatabase
/** `pg`'s own. */
let stock: pg.Client
/** One that our driver has opened. */
let lean: ClientBase

beforeAll(async () => {
  database = await testDatabase()
  stock = new pg.Client(database.connection)
  await stock.connect()
  lean = await driver.open({ ...database.connection })
})
afterAll(async () => {
  await stock.end()
  await driver.close(lean)
  await driver.end()
  await database.close()
})

/** All that a caller can see of an answer, its class and the order of its columns included. */
function shown(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(shown)
  if (answer instanceof Error) {
    const { stack, ...fields } = answer as Error & { stack: string }
    return { ...fields, message: answer.message, class: answer.constructor.name, stack: placesOf(stack) }
  }
  const result = answer as QueryResult<object>
  return {
    class: Object.getPrototypeOf(result) === pg.Result.prototype,
    ...result,
    // Compared by what they made of the values.
    _parsers: undefined,
    _types: undefined,
    rows: result.rows.map((row) => [
      Object.getPrototypeOf(row) === Object.prototype || Array.isArray(row),
      Object.entries(row),
    ]),
    parserCount: (result as unknown as { _parsers?: unknown[] })._parsers?.length,
  }
}

/** The functions on a stack; the first line is the message. */
function placesOf(stack: string): readonly string[] {
  return stack
    .split('\n')
    .slice(1)
    .map((line) => /at (?:async )?([\w.<>]+) /.exec(line)?.[1] ?? '')
    .filter((place) => place === 'askAsCaller')
}

/** Named, to be found on the stack of an error. */
async function askAsCaller(client: ClientBase, args: readonly unknown[]): Promise<unknown> {
  return (await Reflect.apply(client.query as Query, client, args)) as unknown
}

async function promised(client: ClientBase, args: readonly unknown[]): Promise<unknown> {
  return askAsCaller(client, args).then(shown, shown)
}

function calledBack(client: ClientBase, [text, values]: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve) => {
    let returned: unknown = 'not yet'
    const callback = (error: unknown, result: unknown): void => {
      resolve({ error: error ? { ...error } : error, result: result && shown(result), returned })
    }
    const query = client.query as Query
    returned =
      values === undefined ? query.call(client, text, callback) : query.call(client, text, values, callback)
  })
}

const upperCase = { getTypeParser: () => (value: string) => value.toUpperCase() }
const throwing = {
  getTypeParser: () => (value: string) => {
    throw new Error(`no such value: ${value}`)
  },
}

const forms: Readonly<Record<string, () => readonly unknown[]>> = {
  'a text': () => ['SELECT 1 AS one, NULL AS none, now() - now() AS span, true AS yes'],
  'a text with values': () => ['SELECT $1::int + 1 AS sum, $2::text AS text', [1, 'x']],
  'no values': () => ['SELECT 1', []],
  'values that are null': () => ['SELECT 1', null],
  'values that are no array': () => ['SELECT 1', { a: 1 }],
  'several rows': () => ['SELECT n, n * 2 AS twice FROM generate_series(1, 50) n'],
  'no rows': () => ['SELECT 1 AS one WHERE false'],
  'no columns': () => ['SELECT'],
  'the same name twice': () => ['SELECT 1 AS a, 2 AS b, 3 AS a'],
  'names that are numbers': () => ['SELECT 1 AS b, 2 AS "1", 3 AS "0"'],
  'a column named __proto__': () => ['SELECT 1 AS a, \'{"x":1}\'::json AS "__proto__", 2 AS constructor'],
  'several statements': () => [
    'SELECT 1 AS a; SELECT 2 AS b, 3 AS c; SET search_path TO public; SELECT 4 AS a',
  ],
  'several statements, the second fails': () => ['SELECT 1 AS a; SELECT 1/0; SELECT 2'],
  'no statement': () => [''],
  'only a comment': () => ['-- nothing'],
  'a command without rows': () => ['CREATE TEMP TABLE IF NOT EXISTS lean (id int)'],
  'a command with a count': () => ['INSERT INTO lean SELECT generate_series(1, 3)'],
  'an error of the server': () => ['SELECT * FROM no_such_table'],
  'an error with values': () => ['SELECT 1 / $1::int', [0]],
  'an error after rows': () => ['SELECT 1 / (3 - n) FROM generate_series(1, 5) n'],
  'a value that cannot be converted': () => [
    'SELECT $1',
    [
      {
        toPostgres() {
          throw new Error('no value')
        },
      },
    ],
  ],
  'a config': () => [{ text: 'SELECT $1::int AS n', values: [3] }],
  'a config and values': () => [{ text: 'SELECT $1::int AS n' }, [4]],
  'rows as arrays': () => [{ text: 'SELECT 1 AS a, 2 AS a', rowMode: 'array' }],
  'rows as arrays, several statements': () => [{ text: 'SELECT 1; SELECT 2, 3', rowMode: 'array' }],
  'types of its own': () => [{ text: "SELECT 'abc' AS a, 1 AS n", types: upperCase }],
  'a type parser that throws for each row': () => [
    { text: 'SELECT n FROM generate_series(1, 3) n', types: throwing },
  ],
  'a type parser that throws, then an error': () => [
    { text: 'SELECT 1 / (3 - n) FROM generate_series(1, 5) n', types: throwing },
  ],
  'a name': () => [{ name: 'by-name', text: 'SELECT $1::int AS n', values: [1] }],
  'a name, prepared before': () => [{ name: 'by-name', text: 'SELECT $1::int AS n', values: [2] }],
  'a name of another text': () => [{ name: 'by-name', text: 'SELECT 2' }],
  'a name alone': () => [{ name: 'by-name', values: [5] }],
  'neither text nor name': () => [{ values: [5] }],
  'the extended protocol': () => [{ text: 'SELECT 7 AS n', queryMode: 'extended' }],
  'values in binary': () => [{ text: 'SELECT $1::int AS n', values: [7], binary: true }],
  'a row limit': () => [{ text: 'SELECT n FROM generate_series(1, 5) n', rows: 2 }],
  'a portal': () => [{ text: 'SELECT $1::int AS n', values: [1], portal: 'mine' }],
  'a time limit': () => [{ text: 'SELECT pg_sleep(0)', query_timeout: 5_000 }],
  'COPY without a source': () => ['COPY lean FROM STDIN'],
  'a callback in the config': () => [{ text: 'SELECT 1', callback: 'no function' }],
}

describe('a client of ours answers as one of pg', () => {
  test.each(Object.keys(forms))('with a promise: %s', async (form) => {
    const args = forms[form] as () => readonly unknown[]
    expect(await promised(lean, args())).toEqual(await promised(stock, args()))
    // Nothing is left behind.
    expect(shown(await lean.query('SELECT 1 AS after'))).toEqual(
      shown(await stock.query('SELECT 1 AS after')),
    )
  })

  test.each(Object.keys(forms).filter((form) => form !== 'a callback in the config'))(
    'with a callback: %s',
    async (form) => {
      const args = forms[form] as () => readonly unknown[]
      // Both are ready then, and not still at the end of an error.
      await Promise.all([lean.query('SELECT 1'), stock.query('SELECT 1')])
      expect(await calledBack(lean, args())).toEqual(await calledBack(stock, args()))
    },
  )

  test('an error is found at its caller', async () => {
    const error: unknown = await askAsCaller(lean, ['SELECT 1/0']).catch((failure: unknown) => failure)
    expect(placesOf((error as Error).stack ?? '')).toEqual(['askAsCaller'])
  })

  test.each([
    ['nothing', [undefined]],
    ['null', [null]],
    ['a callback that is no function', ['SELECT 1', [], 'no function']],
  ])('what pg refuses at the call is refused at the call: %s', (_, args) => {
    const refusalOf = (client: ClientBase): unknown => {
      try {
        return Reflect.apply(client.query as Query, client, args)
      } catch (error) {
        return error
      }
    }
    expect(refusalOf(lean)).toBeInstanceOf(TypeError)
    expect(refusalOf(lean)).toEqual(refusalOf(stock))
  })

  test('its query is one of pg, and no emitter has been made for it', async () => {
    // After an error, the next one still waits for the server to be ready.
    await lean.query('SELECT 1')
    const answer = lean.query('SELECT 1')
    const { _activeQuery: active } = lean as unknown as { _activeQuery: object }
    expect(active).toBeInstanceOf(pg.Query)
    expect(Object.hasOwn(active, '_events')).toBe(false)
    await answer
  })

  test('statements that are sent at once are answered in their order', async () => {
    const answers: number[] = []
    await Promise.all(
      [1, 2, 3].map(async (n) => {
        await lean.query('SELECT $1::int', [n])
        answers.push(n)
      }),
    )
    expect(answers).toEqual([1, 2, 3])
  })

  test('a statement that takes too long is given up as pg does', async () => {
    const limited = await driver.open({ ...database.connection, query_timeout: 20 })
    await expect(limited.query('SELECT pg_sleep(0.2)')).rejects.toThrow('Query read timeout')
    await driver.close(limited)
    const other = await driver.open({ ...database.connection })
    const config = { text: 'SELECT pg_sleep(0.2)', query_timeout: 20 }
    await expect(other.query(config)).rejects.toThrow('Query read timeout')
    await driver.close(other)
  })

  test('a connection that is closed refuses in its own words', async () => {
    const closed = await driver.open({ ...database.connection })
    const ended = new pg.Client(database.connection)
    await ended.connect()
    await Promise.all([driver.close(closed), ended.end()])
    expect(await promised(closed, ['SELECT 1'])).toEqual(await promised(ended, ['SELECT 1']))
    expect(await calledBack(closed, ['SELECT 1'])).toEqual(await calledBack(ended, ['SELECT 1']))
  })

  test('the session may set parsers of its own', async () => {
    const own = await driver.open({ ...database.connection })
    own.setTypeParser(pg.types.builtins.INT4, (value) => `int ${value}`)
    expect((await own.query('SELECT 1 AS n')).rows).toEqual([{ n: 'int 1' }])
    await driver.close(own)
  })

  test('behind a Proxy it is the same', async () => {
    expect((await new Proxy(lean, {}).query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
  })
})

describe('what others put into the prototypes of pg is passed', () => {
  const query = pg.Query.prototype as unknown as Patchable
  const result = pg.Result.prototype as unknown as Patchable
  test.each([
    ['Client.query', pg.Client.prototype as unknown as Patchable, 'query'],
    ['Query.submit', query, 'submit'],
    ['Query.handleRowDescription', query, 'handleRowDescription'],
    ['Query.handleDataRow', query, 'handleDataRow'],
    ['Query.handleReadyForQuery', query, 'handleReadyForQuery'],
    ['Result.addFields', result, 'addFields'],
    ['Result.addRow', result, 'addRow'],
    ['Result.parseRow', result, 'parseRow'],
    ['Result.addCommandComplete', result, 'addCommandComplete'],
  ])('%s', async (_, target, name) => {
    const spy = jest.spyOn(target, name)
    await lean.query('SELECT 1')
    expect(spy).toHaveBeenCalledTimes(1)
    spy.mockRestore()
    await lean.query('SELECT 1')
    expect(spy).toHaveBeenCalledTimes(0)
  })

  test('with as many arguments as were given', async () => {
    const spy = jest.spyOn(pg.Client.prototype, 'query')
    await lean.query('SELECT 1')
    await lean.query('SELECT $1::int', [1])
    expect(spy.mock.calls.map((args) => args.length)).toEqual([1, 2])
    spy.mockRestore()
  })

  test('a subclass with a query of its own keeps it', async () => {
    class Own extends pg.Client {
      override query = (() => Promise.resolve('own')) as unknown as pg.Client['query']
    }
    const owned = createClientDriver({ clock: systemClock, createClient: (config) => new Own(config) })
    const client = await owned.open({ ...database.connection })
    expect(await (client.query as Query)('SELECT 1')).toBe('own')
    await owned.close(client)
    await owned.end()
  })
})
