import type { ClientBase } from 'pg'
import { connectOnce } from '../../../src/pool/connect-once'

type Callback = (error?: Error | null) => void

test('tells once how a connect has gone, whatever the client calls later', () => {
  const callbacks: Callback[] = []
  const client = { connect: (callback: Callback) => callbacks.push(callback) } as unknown as ClientBase
  const told: unknown[] = []
  connectOnce(client, (error) => told.push(error))
  expect(told).toEqual([])
  const error = new Error('refused')
  callbacks[0]?.(error)
  callbacks[0]?.(null)
  expect(told).toEqual([error])
})
