import { tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import type { QueryMessage } from '../../../src/core/query-message'
import { traceQuery } from '../../../src/core/trace-query'
import { FakeClock } from '../../support/fake-clock'
import { waitFor } from '../../support/wait-for'

type Callback = (error: unknown, result?: unknown) => void
type Query = (config: unknown, values?: unknown, callback?: unknown) => unknown

/** Answers as `pg` does, with whatever `outcome` says. */
function fakeClient(outcome: { error?: Error } = {}): {
  query: Query
  clock: FakeClock
  host: string
  port: number
} {
  const clock = new FakeClock()
  const query: Query = (config, values, callback) => {
    if (config === undefined) throw new TypeError('Client was passed a null or undefined query')
    const settings = config as { submit?: unknown; callback?: Callback }
    if (typeof settings.submit === 'function') return config
    const last = [callback, values, settings.callback].find((arg) => typeof arg === 'function')
    const answer = async (): Promise<string> => {
      await clock.advance(25)
      if (outcome.error !== undefined) throw outcome.error
      return 'rows'
    }
    if (last === undefined) return answer()
    void answer().then(
      (rows) => {
        ;(last as Callback)(null, rows)
      },
      (error: unknown) => {
        ;(last as Callback)(error)
      },
    )
    return undefined
  }
  return { query, clock, host: 'db.example', port: 5433 }
}

const { asyncStart, asyncEnd } = tracingChannel<unknown, QueryMessage>('pgferry:query')
let messages: QueryMessage[] = []
let order: string[] = []
const onStart = (): void => void order.push('asyncStart')
const onEnd = (message: unknown): void => {
  order.push('asyncEnd')
  messages.push(message as QueryMessage)
}

beforeEach(() => {
  messages = []
  order = []
  asyncStart.subscribe(onStart)
  asyncEnd.subscribe(onEnd)
})
afterEach(() => {
  asyncStart.unsubscribe(onStart)
  asyncEnd.unsubscribe(onEnd)
})

const owner = {}

function run(client: ReturnType<typeof fakeClient>, ...args: unknown[]): unknown {
  const tracing = { pool: 'main', purpose: 'rag', owner, clock: client.clock }
  return traceQuery(client, args, tracing)
}

function ended(): Record<string, unknown>[] {
  return messages.map(({ text, operation, durationMs, statusCode }) => ({
    text,
    operation,
    durationMs,
    statusCode,
  }))
}

const traced = { text: 'SELECT ?', operation: 'SELECT', durationMs: 25, statusCode: undefined }

test('a query that answers with a promise is traced until it settles', async () => {
  await expect(run(fakeClient(), 'SELECT 1')).resolves.toBe('rows')
  expect(ended()).toEqual([traced])
  expect(messages[0]).toMatchObject({ pool: 'main', purpose: 'rag', host: 'db.example', port: 5433 })
})

test('a query that fails is traced with its SQLSTATE and without its values', async () => {
  const error = Object.assign(new Error('duplicate "secret"'), { code: '23505', detail: 'secret' })
  await expect(run(fakeClient({ error }), { text: 'SELECT 1', values: ['secret'] })).rejects.toBe(error)
  expect(ended()).toEqual([{ ...traced, statusCode: '23505' }])
  expect(inspect(messages[0], { depth: 10, showHidden: true })).not.toContain('secret')
  expect(messages[0]?.error).toMatchObject({ message: 'duplicate ?', code: '23505' })
})

test.each([
  ['after the values', (callback: Callback) => ['SELECT 1', [], callback]],
  ['in place of the values', (callback: Callback) => ['SELECT 1', callback]],
  ['in the config', (callback: Callback) => [{ text: 'SELECT 1', callback }]],
])('a callback %s runs between asyncStart and asyncEnd', async (_where, argsOf) => {
  const callback: Callback = (error, rows) => order.push(`callback ${String(error)} ${String(rows)}`)
  const args = argsOf(callback)
  expect(run(fakeClient(), ...args)).toBeUndefined()
  await waitFor(() => messages.length === 1)
  expect(order).toEqual(['asyncStart', 'callback null rows', 'asyncEnd'])
  expect(ended()).toEqual([traced])
})

test('a config with a callback is not changed, as it may be used again', async () => {
  const config = { text: 'SELECT 1', callback: () => undefined }
  const { callback } = config
  run(fakeClient(), config)
  expect(config.callback).toBe(callback)
  await waitFor(() => messages.length === 1)
})

test('a callback hears the error of its query', async () => {
  const error = new Error('gone')
  run(fakeClient({ error }), 'SELECT 1', (e: unknown) => order.push(String(e === error)))
  await waitFor(() => messages.length === 1)
  expect(order).toEqual(['asyncStart', 'true', 'asyncEnd'])
})

test('what cannot be sent is an error at once', () => {
  expect(() => run(fakeClient())).toThrow(TypeError)
  expect(messages).toEqual([])
})

class FakeCursor {
  readonly heard: string[] = []
  readonly text?: string = 'SELECT 1'
  submit(): void {
    this.heard.push('submit')
  }
  handleError(error: Error): void {
    this.heard.push(`error ${error.message}`)
  }
  handleReadyForQuery(): void {
    this.heard.push('ready')
  }
}

describe('a submittable', () => {
  test('is given to the client as it is, and traced until the connection is ready again', () => {
    const cursor = new FakeCursor()
    expect(run(fakeClient(), cursor)).toBe(cursor)
    expect(messages).toEqual([])
    cursor.handleReadyForQuery()
    expect(cursor.heard).toEqual(['ready'])
    expect(ended()).toEqual([{ ...traced, durationMs: 0 }])
  })

  test('is traced until its error, and has its own methods back then', () => {
    const cursor = new FakeCursor()
    run(fakeClient(), cursor)
    cursor.handleError(Object.assign(new Error('no table'), { code: '42P01' }))
    cursor.handleReadyForQuery()
    expect(cursor.heard).toEqual(['error no table', 'ready'])
    expect(Object.keys(cursor)).not.toContain('handleError')
    expect(ended()).toEqual([{ ...traced, durationMs: 0, statusCode: '42P01' }])
  })

  test('keeps methods that are its own properties', () => {
    const heard: string[] = []
    const handleReadyForQuery = (): void => void heard.push('ready')
    const cursor = Object.assign(new FakeCursor(), { handleReadyForQuery })
    run(fakeClient(), cursor)
    cursor.handleReadyForQuery()
    expect(heard).toEqual(['ready'])
    expect(cursor.handleReadyForQuery).toBe(handleReadyForQuery)
  })

  test('that does not care for readiness, and fails with nothing, is traced too', () => {
    const bare = { submit: () => undefined, text: 'SELECT 1' } as unknown as FakeCursor
    run(fakeClient(), bare)
    bare.handleError(undefined as unknown as Error)
    expect(messages[0]?.error).toMatchObject({ message: 'the query failed' })
  })

  test('has its text where a query stream has it', () => {
    const stream = Object.assign(new FakeCursor(), { text: undefined, cursor: { text: 'SELECT 2' } })
    run(fakeClient(), stream)
    stream.handleReadyForQuery()
    expect(messages[0]?.text).toBe('SELECT ?')
  })
})

test.each([
  [{ name: 'by-name' }, 'EXECUTE'],
  [{}, ''],
  [5, ''],
])('the text of %j is %j', async (config, text) => {
  await run(fakeClient(), config)
  expect(messages[0]?.text).toBe(text)
})

test('an address that the client does not tell is left out', async () => {
  const client = {
    ...fakeClient(),
    host: 5 as unknown as string,
    port: 'x' as unknown as number,
    database: 'app',
  }
  await run(client, 'SELECT 1')
  expect(messages[0]).toMatchObject({ host: undefined, port: undefined, database: 'app' })
  expect(messages[0]?.port).toBeUndefined()
})
