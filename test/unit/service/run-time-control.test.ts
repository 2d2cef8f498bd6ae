import type { ConnectionEvent } from '../../../src/core/events'
import { MockPoolStrategy } from '../../../src/pool/mock-pool'
import type { AcquireRequest, PoolStrategy } from '../../../src/pool/pool-strategy'
import { createConnectionService } from '../../../src/service/create-connection-service'
import { FakeClock } from '../../support/fake-clock'

const two = { a: { strategy: 'mock', pool: { max: 2 } }, b: { strategy: 'mock', pool: { max: 3 } } } as const

/** A mock pool that says what it was asked, with an idle connection at once when it has one. */
function createRecording(extra: Partial<PoolStrategy> = {}) {
  const requests: AcquireRequest[] = []
  const pool = new MockPoolStrategy({ pool: { max: 1 } })
  const strategy: PoolStrategy = {
    kind: 'recording',
    acquire(request) {
      requests.push(request)
      return pool.acquire(request)
    },
    release: (connection, outcome) => {
      pool.release(connection, outcome)
    },
    stats: () => pool.stats(),
    resize: (limits) => {
      pool.resize(limits)
    },
    drain: (reason) => pool.drain(reason),
    trimIdle: (count) => pool.trimIdle(count),
    close: () => pool.close(),
    ...extra,
  }
  return { strategy, requests }
}

test('resize changes the first database, or those that are named', async () => {
  const service = createConnectionService({ databases: two })
  const sizes = () => Object.values(service.stats().databases).map(({ max }) => max)
  service.resize({ max: 5 })
  expect(sizes()).toEqual([5, 3])
  service.resize({ a: { max: 1 }, b: { max: 7 } })
  expect(sizes()).toEqual([1, 7])
  await service.close()
})

test.each([
  [{ c: { max: 1 } }, 'resize.c'],
  [{ max: 0 }, 'resize.max'],
  [{ max: 1, min: 2 }, 'resize.min'],
  [{ a: { maks: 2 } }, 'resize.a.maks'],
  [{ a: { max: 1 }, b: { max: 9 } }, 'resize: received 10, expected limits whose max stay within'],
])('resize refuses %j as a whole', async (limits, message) => {
  const service = createConnectionService({ databases: two, budget: { maxConnections: 5 } })
  expect(() => {
    service.resize(limits as never)
  }).toThrow(message)
  expect(service.stats().databases).toMatchObject({ a: { max: 2 }, b: { max: 3 } })
  await service.close()
})

test('drain replaces the connections of all databases', async () => {
  const events: ConnectionEvent[] = []
  const service = createConnectionService({ databases: two }, { onEvent: (event) => events.push(event) })
  await service.query('SELECT 1')
  const held = await service.acquireConnection('general', { database: 'b' })
  const drained = service.drain('failover')
  held.release()
  await drained
  expect(events.filter(({ kind }) => kind === 'pool-drained')).toHaveLength(2)
  expect(service.stats().databases).toMatchObject({ a: { total: 0 }, b: { total: 0 } })
  await service.close()
})

test('a suspended service lends nothing until it is resumed, whatever the strategy can do', async () => {
  const { strategy, requests } = createRecording()
  const service = createConnectionService({ databases: { strategy } })
  const held = await service.acquireConnection()
  service.suspend()
  held.release()
  const order: number[] = []
  const waiting = [1, 2].map((turn) => service.withConnection('general', () => order.push(turn)))
  await new Promise(setImmediate)
  expect([requests.length, order, service.stats().purposes['general']?.waiting]).toEqual([1, [], 2])
  service.resume()
  await Promise.all(waiting)
  expect(order).toEqual([1, 2])
  await service.close()
})

test('who waits at a suspended service keeps its deadline, its signal and its right to be told of the close', async () => {
  const clock = new FakeClock()
  const { strategy, requests } = createRecording()
  const service = createConnectionService({ databases: { strategy } }, { clock })
  service.suspend()
  const catchError = (error: unknown): unknown => error
  const late = service.connection('general', { timeoutMs: 100 }).catch(catchError)
  const controller = new AbortController()
  const aborted = service.connection('general', { signal: controller.signal }).catch(catchError)
  const patient = service.connection('general', { timeoutMs: 1_000 })
  controller.abort()
  expect(await aborted).toMatchObject({ code: 'ACQUIRE_ABORTED' })
  await clock.advance(100)
  expect(String(await late)).toContain('it is suspended until resume() is called')
  service.resume()
  const connection = await patient
  // What it has waited is taken off what the pool may take.
  expect(requests[0]?.timeoutMs).toBe(900)
  service.suspend()
  const last = service.connection().catch(catchError)
  connection.release()
  await service.close()
  expect(await last).toMatchObject({ code: 'POOL_CLOSED' })
  expect(clock.timerCount).toBe(0)
})

test('a strategy that can be suspended is, and resumed again', async () => {
  const calls: string[] = []
  const { strategy } = createRecording({
    suspend: () => calls.push('suspend'),
    resume: () => calls.push('resume'),
  })
  const service = createConnectionService({ databases: { strategy } })
  service.suspend()
  await service.query('SELECT 1')
  service.resume()
  expect(calls).toEqual(['suspend', 'resume'])
  await service.close()
})

test('the target of a purpose is asked of the pool, and an acquire may ask for another', async () => {
  const { strategy, requests } = createRecording()
  const service = createConnectionService({
    databases: { strategy },
    purposes: { reports: { target: 'prefer-standby' } },
  })
  for (const options of [undefined, { target: 'any' as const }, { database: 'default' }]) {
    await service.withConnection('reports', () => undefined, options)
  }
  await service.withConnection('general', () => undefined)
  expect(requests.map(({ target }) => target)).toEqual(['prefer-standby', 'any', 'prefer-standby', undefined])
  await expect(service.connection('general', { target: 'nearest' as 'any' })).rejects.toThrow(
    'target: received "nearest", expected one of \'primary\'',
  )
  expect(() =>
    createConnectionService({ databases: { strategy }, purposes: { x: { target: 'no' as 'any' } } }),
  ).toThrow('purposes.x.target')
  await service.close()
})

test('a strategy whose tryAcquire throws costs its purpose no place', async () => {
  const { strategy } = createRecording({
    tryAcquire: () => {
      throw new Error('broken strategy')
    },
  })
  const service = createConnectionService({ databases: { strategy }, purposes: { rag: { max: 1 } } })
  await expect(service.connection('rag')).rejects.toThrow('broken strategy')
  await expect(service.withConnection('rag', () => 1)).rejects.toThrow('broken strategy')
  await service.close()
})
