import { getEventListeners } from 'node:events'
import { onAbort } from '../../../src/core/on-abort'
import { MockPoolStrategy } from '../../../src/pool/mock-pool'

test('a listener is called once, and not after it was taken away', () => {
  const controller = new AbortController()
  const calls: string[] = []
  onAbort(controller.signal, () => calls.push('kept'))
  const stop = onAbort(controller.signal, () => calls.push('stopped'))
  stop()
  controller.abort()
  expect(calls).toEqual(['kept'])
  expect(() => {
    onAbort(undefined, () => undefined)()
  }).not.toThrow()
})

test('a signal that node does not know is listened to as well', () => {
  const listeners = new Set<unknown>()
  const polyfill = {
    addEventListener: (_: string, listener: unknown) => listeners.add(listener),
    removeEventListener: (_: string, listener: unknown) => listeners.delete(listener),
  }
  const stop = onAbort(polyfill as never, () => undefined)
  expect(listeners.size).toBe(1)
  stop()
  expect(listeners.size).toBe(0)
})

test('one signal may serve many callers: the limit after which node warns is lifted', async () => {
  const { signal } = new AbortController()
  const pool = new MockPoolStrategy({ pool: { max: 1 } })
  const waits = Array.from({ length: 20 }, () => pool.acquire({ purpose: 'x', signal }))
  expect(getEventListeners(signal, 'abort')).toHaveLength(20)
  // There is no other way to ask: `getMaxListeners` of Node 20 refuses a limit of 0.
  const limit = Object.getOwnPropertySymbols(signal).find(
    ({ description }) => description === 'events.maxEventTargetListeners',
  )
  expect((signal as unknown as Record<symbol, unknown>)[limit as symbol]).toBe(0)
  for (const wait of waits) pool.release(await wait, 'reuse')
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  await pool.close()
})
