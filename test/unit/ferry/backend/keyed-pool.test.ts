import { createConnectionHandle, endLease } from '../../../../src/core/connection-handle'
import { KeyedPool, type KeyedPoolPolicy } from '../../../../src/ferry/backend/keyed-pool'
import type { Claim } from '../../../../src/service/lease-source'
import { settle } from '../../../support/fake-clock'

const policy: KeyedPoolPolicy = {
  autoKey: () => undefined,
  normalizeKey: (key) => key,
  reserve: () => undefined,
  unreserve: () => undefined,
  closedError: () => new Error('closed'),
  unkeyedError: () => new Error('unkeyed'),
  unknownKeyError: () => new Error('unknown key'),
  missingConnectionError: () => new Error('missing'),
  acquireError: (error) => error as Error,
}

/** A source whose one connection comes, and is back, when the test says so. */
function setUp() {
  const handle = createConnectionHandle({}, () => undefined)
  let lend: (() => void) | undefined
  let back: (() => void) | undefined
  const pool = new KeyedPool(
    {
      async acquire(claim: Claim) {
        await new Promise<void>((resolve) => (lend = resolve))
        claim.lent(handle)
        return handle
      },
      giveBack(connection) {
        endLease(connection as object)
        return new Promise((resolve) => (back = resolve))
      },
      isOut: () => true,
      out: () => [],
    },
    policy,
  )
  return { pool, handle, lend: () => lend?.(), arrive: () => back?.() }
}

test('closeall() waits until a connection that came too late is back', async () => {
  const { pool, lend, arrive } = setUp()
  const wait = pool.getconn().catch((error: unknown) => String(error))
  let isDone = false
  const closing = pool.closeall().then(() => (isDone = true))
  await settle()
  lend()
  expect(await wait).toBe('Error: closed')
  await settle()
  expect(isDone).toBe(false)
  arrive()
  await closing
})

test('a connection that was taken away on its way in is none that closeall() waits for', async () => {
  const { pool, handle, lend } = setUp()
  const wait = pool.getconn()
  endLease(handle)
  lend()
  expect(await wait).toBe(handle)
  await pool.closeall()
})

test('one that is taken away while everything is closed reaches nobody', async () => {
  const { pool, handle, lend } = setUp()
  const wait = pool.getconn('k')
  const closing = pool.closeall()
  endLease(handle)
  lend()
  await expect(wait).rejects.toThrow('closed')
  await closing
})
