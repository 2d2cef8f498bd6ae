import type { Connection } from '../../../src/core/connection'
import { NestedAcquireError } from '../../../src/core/errors'
import type { ConnectionEvent } from '../../../src/core/events'
import type { ServiceOptions } from '../../../src/service/connection-service'
import { createConnectionService } from '../../../src/service/create-connection-service'
import { FakeClock } from '../../support/fake-clock'

function createService(max: number, options: Partial<ServiceOptions> = {}, pool: object = {}) {
  const clock = new FakeClock()
  const events: ConnectionEvent[] = []
  const service = createConnectionService(
    {
      databases: { strategy: 'mock', pool: { max, ...pool } },
      purposes: { outer: {}, inner: {} },
      ...options,
    },
    { clock, onEvent: (event) => events.push(event) },
  )
  const nested = () => events.filter((event) => event.kind === 'nested-acquire')
  return { clock, service, nested }
}

const catchError = (error: unknown): unknown => error

test('work that holds the only connection and asks for another is refused when nothing moves, with both purposes and the limit', async () => {
  const { service, clock, nested } = createService(1)
  const refused = service
    .withConnection('outer', () => service.withConnection('inner', () => undefined))
    .catch(catchError)
  await clock.advance(0)
  // Who listens knows at once.
  expect(nested()).toHaveLength(1)
  await clock.advance(500)
  const error = await refused
  expect(error).toBeInstanceOf(NestedAcquireError)
  expect(error).toMatchObject({ code: 'NESTED_ACQUIRE', isRetryable: false })
  expect(String(error)).toMatch(/'inner' .* holds one for purpose 'outer'.*\(max 1\).*raise pool\.max/)
  expect(nested()).toEqual([{ kind: 'nested-acquire', purpose: 'inner', heldPurpose: 'outer' }])
  // Nothing is left behind.
  expect(service.stats().purposes).toMatchObject({ outer: { leased: 0 }, inner: { failed: 1, waiting: 0 } })
  await service.withConnection('outer', () => undefined)
  await service.close()
})

test('of several that wait for each other the youngest is refused, and the others go on', async () => {
  const { service, clock, nested } = createService(2)
  const holding: (() => void)[] = []
  const bothHold = new Promise<void>((resolve) => {
    holding.push(() => {
      if (holding.push(resolve) === 3) resolve()
    })
  })
  const work = (name: string) =>
    service
      .withConnection('outer', async () => {
        holding[0]?.()
        await bothHold
        return service.withConnection('inner', () => name)
      })
      .catch((error: unknown) => (error as { code?: string }).code)
  const both = Promise.all([work('a'), work('b')])
  await clock.advance(500)
  expect(await both).toEqual(['a', 'NESTED_ACQUIRE'])
  expect(nested()).toHaveLength(2)
  await service.close()
})

test('siblings under a Promise.all are not nested in each other', async () => {
  const { service, nested } = createService(1)
  const order: string[] = []
  const sibling = (name: string) =>
    service.withConnection('outer', async (conn: Connection) => {
      await conn.query('SELECT 1')
      order.push(name)
    })
  await Promise.all([sibling('f'), sibling('g'), sibling('h')])
  expect(order).toEqual(['f', 'g', 'h'])
  expect(nested()).toEqual([])
  await service.close()
})

test('a nested acquire that finds a connection is nobody’s business', async () => {
  const { service, nested } = createService(2)
  await service.withConnection('outer', () => service.withConnection('inner', () => undefined))
  await service.withConnection('outer', () => service.withConnection('inner', () => undefined))
  expect(nested()).toEqual([])
  await service.close()
})

test('somebody outside who can give a connection back makes the wait a wait, and its timeout says what it was', async () => {
  const { service, clock, nested } = createService(2)
  const outside = await service.acquireConnection('outer')
  const waiting = service.withConnection('outer', () =>
    service.withConnection('inner', () => 'served', { timeoutMs: 100 }),
  )
  const late = waiting.catch(catchError)
  await clock.advance(100)
  expect(await late).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
  expect(String(await late)).toContain("holds a connection itself, for purpose 'outer': pass that one down")
  expect(nested()).toHaveLength(1)
  const again = service.withConnection('outer', () => service.withConnection('inner', () => 'served'))
  await clock.advance(1)
  outside.release()
  expect(await again).toBe('served')
  await service.close()
})

test('work that was left behind by its withConnection holds nothing any more', async () => {
  const { service, clock, nested } = createService(1)
  let goOn: () => void = () => undefined
  const moment = new Promise<void>((resolve) => {
    goOn = resolve
  })
  let leftBehind: Promise<string> | undefined
  await service.withConnection('outer', () => {
    leftBehind = moment.then(() => service.withConnection('inner', () => 'served'))
  })
  const held = await service.acquireConnection('outer')
  goOn()
  await clock.advance(1)
  held.release()
  expect(await leftBehind).toBe('served')
  expect(nested()).toEqual([])
  await service.close()
})

test('a connection given back early frees who waits inside the same work', async () => {
  const { service } = createService(2)
  const outside = await service.acquireConnection('outer')
  const result = await service.withConnection('outer', async (conn) => {
    const inner = service.withConnection('inner', () => 'served')
    conn.release()
    return inner
  })
  expect(result).toBe('served')
  // Counts of the blocked are right again: the next one is refused only when it must be.
  const refused = service.withConnection('outer', () => service.withConnection('inner', () => 'never'))
  await Promise.resolve()
  outside.release()
  expect(await refused).toBe('never')
  await service.close()
})

test('the limit of a purpose can be waited for in a circle too', async () => {
  const { service, clock } = createService(5, { purposes: { outer: { max: 1 } } })
  const refused = service
    .withTransaction('outer', () => service.withConnection('outer', () => undefined))
    .catch(catchError)
  await clock.advance(500)
  expect(String(await refused)).toMatch(
    /all connections of that purpose \(max 1\).*raise purposes\.outer\.max/,
  )
  await service.close()
})

test('another database is another matter, and the innermost holder is the one that is named', async () => {
  const databases = {
    a: { strategy: 'mock', pool: { max: 1 } },
    b: { strategy: 'mock', pool: { max: 1 } },
  } as const
  const { service, clock, nested } = createService(1, { databases })
  const inB = { database: 'b' }
  const refused = service
    .withConnection('outer', () =>
      service.withConnection('inner', () => service.withConnection('general', () => 1, inB), inB),
    )
    .catch(catchError)
  await clock.advance(500)
  expect(await refused).toMatchObject({ code: 'NESTED_ACQUIRE' })
  expect(nested()).toEqual([{ kind: 'nested-acquire', purpose: 'general', heldPurpose: 'inner' }])
  await service.close()
})

test('the event tells where the connection was asked for, when stacks are taken', async () => {
  const { service, clock, nested } = createService(1, {}, { leakThresholdMs: 1_000 })
  const refused = service.withConnection('outer', () => service.connection('inner')).catch(catchError)
  await clock.advance(500)
  await refused
  expect(nested()).toMatchObject([{ stack: expect.stringContaining('nested-acquire.test.ts') }])
  await service.close()
})

test('detection can be turned off: then a circle ends at its deadline', async () => {
  const { service, clock, nested } = createService(1, { detectNestedAcquire: false })
  const late = service
    .withConnection('outer', () => service.withConnection('inner', () => 1, { timeoutMs: 50 }))
    .catch(catchError)
  await clock.advance(50)
  expect(await late).toMatchObject({ code: 'ACQUIRE_TIMEOUT' })
  expect(nested()).toEqual([])
  await service.close()
})

test('an acquire that its work does not await is served when that work ends, in a full pool too', async () => {
  const { service, clock, nested } = createService(1)
  const inner: Promise<string>[] = []
  const outer = service.withConnection('outer', async () => {
    inner.push(service.withConnection('inner', () => 'served'))
    await new Promise<void>((resolve) => clock.setTimer(resolve, 400))
    return 'done'
  })
  await clock.advance(400)
  expect(await outer).toBe('done')
  expect(await Promise.all(inner)).toEqual(['served'])
  expect(nested()).toHaveLength(1)
  await clock.advance(10_000)
  await service.close()
})

test('nobody is refused while statements are sent on the connections that are held', async () => {
  const { service, clock } = createService(1)
  const inner: Promise<string>[] = []
  const outer = service.withConnection('outer', async (conn) => {
    inner.push(service.withConnection('inner', () => 'served'))
    for (let round = 0; round < 10; round++) {
      await new Promise<void>((resolve) => clock.setTimer(resolve, 200))
      await conn.query('SELECT 1')
    }
  })
  await clock.advance(2_500)
  await outer
  expect(await Promise.all(inner)).toEqual(['served'])
  await service.close()
})

test('a signal of the caller ends a nested wait before it is refused', async () => {
  const { service, clock } = createService(1)
  const controller = new AbortController()
  const refused = service
    .withConnection('outer', () => service.connection('inner', { signal: controller.signal }))
    .catch(catchError)
  await clock.advance(300)
  controller.abort(new Error('shutdown'))
  expect(await refused).toMatchObject({ code: 'ACQUIRE_ABORTED', cause: { message: 'shutdown' } })
  await clock.advance(1_000)
  await service.withConnection('outer', () => undefined)
  await service.close()
})

describe('a large pool, where nothing is remembered until it stalls', () => {
  const max = 5

  /** As many as there are connections hold one; when all do, each asks for another. */
  function circle({ service }: Pick<ReturnType<typeof createService>, 'service'>, timeoutMs: number) {
    let count = 0
    let open: () => void = () => undefined
    const allHold = new Promise<void>((resolve) => {
      open = resolve
    })
    const work = async (): Promise<string> => {
      if (++count === max) open()
      await allHold
      return service.withConnection('inner', () => 'served', { timeoutMs })
    }
    const callers = Array.from({ length: max }, () => service.withConnection('outer', work).catch(catchError))
    return Promise.all(callers)
  }

  const codesOf = (results: readonly unknown[]) =>
    results.map((result) => (result as { code?: string }).code ?? result)

  test('the first circle ends at its deadline, and says what it was; the second is refused when nothing moves', async () => {
    const { service, clock, nested } = createService(max)
    const first = circle({ service }, 2_000)
    await clock.advance(2_000)
    const ended = await first
    expect(codesOf(ended)).toContain('ACQUIRE_TIMEOUT')
    expect(String(ended.find((error) => error instanceof Error))).toContain(
      'it waits for itself (nested acquire)',
    )
    expect(nested()).toEqual([])
    const second = circle({ service }, 10_000)
    await clock.advance(750)
    expect(codesOf(await second).sort()).toEqual(['NESTED_ACQUIRE', 'served', 'served', 'served', 'served'])
    expect(nested()).toHaveLength(max)
    // A minute later it is as at the beginning.
    await clock.advance(61_000)
    const third = circle({ service }, 1_000)
    await clock.advance(1_000)
    expect(codesOf(await third)).toContain('ACQUIRE_TIMEOUT')
    await service.close()
    expect(clock.timerCount).toBe(0)
  })

  test('callers who wait while leases end are no stall', async () => {
    const { service, clock, nested } = createService(max)
    const work = () => new Promise<void>((resolve) => clock.setTimer(resolve, 100))
    const callers = Promise.all(Array.from({ length: max * 20 }, () => service.withConnection('outer', work)))
    await clock.advance(100 * 21)
    await callers
    const late = circle({ service }, 300)
    await clock.advance(300)
    expect(codesOf(await late)).toContain('ACQUIRE_TIMEOUT')
    expect(nested()).toEqual([])
    await service.close()
  })
})
