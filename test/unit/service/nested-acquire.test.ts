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

test('work that holds the only connection and asks for another is refused at once, with both purposes and the limit', async () => {
  const { service, nested } = createService(1)
  const error = await service
    .withConnection('outer', () => service.withConnection('inner', () => undefined))
    .catch(catchError)
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
  const { service, nested } = createService(2)
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
  expect(await Promise.all([work('a'), work('b')])).toEqual(['a', 'NESTED_ACQUIRE'])
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
  const { service } = createService(5, { purposes: { outer: { max: 1 } } })
  const error = await service
    .withTransaction('outer', () => service.withConnection('outer', () => undefined))
    .catch(catchError)
  expect(String(error)).toMatch(/all connections of that purpose \(max 1\).*raise purposes\.outer\.max/)
  await service.close()
})

test('another database is another matter, and the innermost holder is the one that is named', async () => {
  const databases = {
    a: { strategy: 'mock', pool: { max: 1 } },
    b: { strategy: 'mock', pool: { max: 1 } },
  } as const
  const { service, nested } = createService(1, { databases })
  const inB = { database: 'b' }
  const error = await service
    .withConnection('outer', () =>
      service.withConnection('inner', () => service.withConnection('general', () => 1, inB), inB),
    )
    .catch(catchError)
  expect(error).toMatchObject({ code: 'NESTED_ACQUIRE' })
  expect(nested()).toEqual([{ kind: 'nested-acquire', purpose: 'general', heldPurpose: 'inner' }])
  await service.close()
})

test('the event tells where the connection was asked for, when stacks are taken', async () => {
  const { service, nested } = createService(1, {}, { leakThresholdMs: 1_000 })
  await service.withConnection('outer', () => service.connection('inner')).catch(catchError)
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
