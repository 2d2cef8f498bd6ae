import type { AcquireRequest, PooledConnection } from '../../../../src/pool/pool-strategy'
import { WaiterQueue } from '../../../../src/pool/resilient/waiter-queue'
import { FakeClock, settle } from '../../../support/fake-clock'

const request = { purpose: 'test' } as const
const connection = {} as PooledConnection

function setUp() {
  const clock = new FakeClock()
  const left: number[] = []
  const queue: WaiterQueue = new WaiterQueue(
    clock,
    ({ timeoutMs }) => new Error(`too late after ${timeoutMs}`),
    () => left.push(queue.size),
  )
  return { clock, queue, left }
}

function join(queue: WaiterQueue, asked: AcquireRequest, timeoutMs: number): Promise<PooledConnection> {
  return new Promise((deliver, refuse) => {
    queue.add(asked, timeoutMs, { deliver, refuse })
  })
}

function serveFirst(queue: WaiterQueue): void {
  const waiter = queue.first()
  if (waiter !== undefined && queue.settle(waiter)) waiter.receiver.deliver(connection)
}

test('serves in order of arrival and keeps the order when somebody in the middle gives up', async () => {
  const { queue } = setUp()
  const order: number[] = []
  const abort = new AbortController()
  const waits = [1, 2, 3].map((turn) =>
    join(queue, turn === 2 ? { ...request, signal: abort.signal } : request, 1_000)
      .then(() => order.push(turn))
      .catch((error: unknown) => (error as { code: string }).code),
  )
  abort.abort()
  expect(queue.size).toBe(2)
  serveFirst(queue)
  serveFirst(queue)
  expect(await Promise.all(waits)).toEqual([1, 'ACQUIRE_ABORTED', 2])
  expect(order).toEqual([1, 3])
  expect(queue.first()).toBeUndefined()
})

test('sets one timer for all, for the earliest deadline, and leaves it to run when that caller is served', async () => {
  const { clock, queue } = setUp()
  const first = join(queue, request, 100)
  const late = join(queue, request, 300)
  const early = join(queue, request, 200)
  const refused = [late, early].map((wait) => wait.catch((error: unknown) => String(error)))
  expect(clock.timerCount).toBe(1)
  serveFirst(queue)
  await first
  expect(clock.timerCount).toBe(1)
  await clock.advance(199)
  expect(queue.size).toBe(2)
  await clock.advance(1)
  expect(queue.size).toBe(1)
  expect(clock.timerCount).toBe(1)
  await clock.advance(100)
  expect(await Promise.all(refused)).toEqual(['Error: too late after 300', 'Error: too late after 200'])
  expect(clock.timerCount).toBe(0)
})

test('tells once, after all that fell due together have left, that places are free', async () => {
  const { clock, queue, left } = setUp()
  const waits = [join(queue, request, 50), join(queue, request, 50), join(queue, request, 80)]
  const refused = Promise.allSettled(waits)
  await clock.advance(50)
  expect(left).toEqual([1])
  await clock.advance(30)
  expect(left).toEqual([1, 0])
  await refused
})

test('a caller for whom a connection is prepared is out of the line, and keeps its deadline', async () => {
  const { clock, queue } = setUp()
  const served = join(queue, request, 50).catch((error: unknown) => String(error))
  const waiter = queue.first()!
  queue.serve(waiter)
  expect(queue.size).toBe(0)
  expect(queue.first()).toBeUndefined()
  await clock.advance(50)
  expect(await served).toBe('Error: too late after 50')
  expect(queue.settle(waiter)).toBe(false)
})

test('the timer keeps the process alive only while somebody waits', async () => {
  const { clock, queue } = setUp()
  const wait = join(queue, request, 1_000)
  expect(clock.backgroundTimerCount).toBe(0)
  serveFirst(queue)
  await wait
  expect(clock.backgroundTimerCount).toBe(1)
  const again = join(queue, request, 2_000)
  expect(clock.backgroundTimerCount).toBe(0)
  serveFirst(queue)
  await again
  queue.stop()
  expect(clock.timerCount).toBe(0)
})

test('refuses everybody in order, or only those whose request fits', async () => {
  const { queue } = setUp()
  const told: string[] = []
  const wait = (purpose: string) =>
    join(queue, { purpose }, 1_000).catch((error: unknown) => told.push((error as Error).message))
  const waits = [wait('a'), wait('b'), wait('a')]
  queue.rejectAll(
    ({ request: { purpose } }) => new Error(purpose),
    ({ purpose }) => purpose === 'a',
  )
  await settle()
  expect(told).toEqual(['a', 'a'])
  queue.rejectAll(() => new Error('closed'))
  await Promise.all(waits)
  expect(told).toEqual(['a', 'a', 'closed'])
})

test('ten thousand callers come and go without leaving places behind', async () => {
  const { queue } = setUp()
  for (let round = 0; round < 100; round++) {
    const waits = Array.from({ length: 100 }, () => join(queue, request, 1_000))
    for (let count = 0; count < 100; count++) serveFirst(queue)
    await Promise.all(waits)
  }
  expect([...queue]).toEqual([])
  expect(queue.size).toBe(0)
})

test('waits for ever without a deadline', async () => {
  const { clock, queue } = setUp()
  const wait = join(queue, request, Infinity)
  expect(clock.timerCount).toBe(0)
  await clock.advance(1_000_000)
  expect(queue.size).toBe(1)
  serveFirst(queue)
  await wait
})
