import { EventEmitter } from 'node:events'
import {
  createConnectionHandle,
  endLease,
  identityOf,
  isConnectionHandle,
  isLeaseEnded,
  observeLeaseEnd,
} from '../../../src/core/connection-handle'
import type { LeaseEnd } from '../../../src/core/lease'
import { LeaseEndedError } from '../../../src/core/errors'
import type { Connection } from '../../../src/core/connection'

class FakeClient extends EventEmitter {
  readonly sent: unknown[] = []
  connection = { name: 'wire' }
  query(...args: unknown[]): Promise<string> {
    this.sent.push(args[0])
    return Promise.resolve('answered')
  }
  end(): Promise<void> {
    this.sent.push('end')
    return Promise.resolve()
  }
  chain(): this {
    return this
  }
  escapeLiteral(text: string): string {
    return `'${text}'`
  }
}

function lend(): { client: FakeClient; handle: ReturnType<typeof createConnectionHandle>; ends: LeaseEnd[] } {
  const client = new FakeClient()
  const ends: LeaseEnd[] = []
  return { client, ends, handle: createConnectionHandle(client, (end) => ends.push(end)) }
}

test('a handle is an instance of what its client is, and shows its properties', () => {
  const { handle, client } = lend()
  expect(handle).toBeInstanceOf(FakeClient)
  expect((handle as unknown as FakeClient).connection).toBe(client.connection)
  expect(isConnectionHandle(handle)).toBe(true)
  expect(isConnectionHandle(client)).toBe(false)
  expect(isConnectionHandle(null)).toBe(false)
})

test('what a borrower writes on the handle stays on the handle', () => {
  const { handle, client } = lend()
  Object.assign(handle, { note: 'mine' })
  expect(client).not.toHaveProperty('note')
  expect(createConnectionHandle(client, () => undefined)).not.toHaveProperty('note')
})

test('handles of all clients of one kind are alike, and each shows its own client', () => {
  const [one, two] = [lend(), lend()]
  expect(Object.getPrototypeOf(one.handle)).toBe(Object.getPrototypeOf(two.handle))
  two.client.connection = { name: 'another wire' }
  expect((one.handle as unknown as FakeClient).connection).toBe(one.client.connection)
  expect((two.handle as unknown as FakeClient).connection).toBe(two.client.connection)
  expect(identityOf(one.handle)).toBe(one.client)
  expect(identityOf(one.client)).toBe(one.client)
})

test('a handle is an instance of a derived class, beside handles of its base', () => {
  class Derived extends FakeClient {
    extra(): string {
      return `${String(this.sent.length)} sent`
    }
  }
  const handle = createConnectionHandle(new Derived(), () => undefined)
  expect(handle).toBeInstanceOf(Derived)
  expect((handle as unknown as Derived).extra()).toBe('0 sent')
  expect(lend().handle).not.toBeInstanceOf(Derived)
})

test('what a client gets later is seen through handles that are out', () => {
  const { handle, client } = lend()
  expect((handle as { tenant?: string }).tenant).toBeUndefined()
  Object.assign(client, { tenant: 'acme' })
  expect((handle as { tenant?: string }).tenant).toBe('acme')
  expect('connection' in handle).toBe(true)
})

test('a loop over a handle meets what its client shows, and not what it hides', () => {
  class Secretive extends FakeClient {
    port = 5432
    constructor() {
      super()
      Object.defineProperty(this, 'password', { value: 'secret', enumerable: false })
    }
  }
  const handle = createConnectionHandle(new Secretive(), () => undefined)
  const names: string[] = []
  for (const name in handle) names.push(name)
  expect(names).toContain('port')
  expect(names).not.toContain('password')
})

test('a method that only this client has runs on the client, and is refused after the lease', () => {
  const { handle, client } = lend()
  Object.assign(client, {
    count(this: FakeClient): number {
      return this.sent.length
    },
  })
  const own = handle as unknown as { count(): number }
  expect(own.count()).toBe(0)
  expect(own.count).toBe(own.count)
  handle.release()
  expect(() => own.count()).toThrow(LeaseEndedError)
})

test('a client may be a plain object, or one without a prototype', async () => {
  const query = (): Promise<string> => Promise.resolve('answered')
  const escapeLiteral = (text: string): string => `'${text}'`
  for (const client of [
    { query, escapeLiteral, port: 1 },
    Object.assign(Object.create(null) as object, { query, escapeLiteral, port: 1 }),
  ]) {
    const handle = createConnectionHandle(client, () => undefined)
    expect(await handle.query('SELECT 1')).toBe('answered')
    expect((handle as unknown as { port: number }).port).toBe(1)
    handle.release()
    expect(handle.escapeLiteral('a')).toBe("'a'")
  }
})

test('the prototype of handles belongs to no lease', () => {
  const prototype = Object.getPrototypeOf(lend().handle) as FakeClient
  expect(isConnectionHandle(prototype)).toBe(false)
  expect(prototype.connection).toBeUndefined()
  expect(prototype.constructor).toBe(FakeClient)
  expect((prototype as { then?: unknown }).then).toBeUndefined()
})

test('what reads no more than its arguments may be taken off the handle', () => {
  const { escapeLiteral } = lend().handle
  expect(escapeLiteral('a')).toBe("'a'")
})

test('a fluent method answers the handle, never the bare client', () => {
  const { handle } = lend()
  expect((handle as unknown as FakeClient).chain()).toBe(handle)
  expect(handle.on('notice', () => undefined)).toBe(handle)
})

test('at the end of a lease the listeners of the borrower go and those of others stay', () => {
  const { handle, client } = lend()
  const heard: string[] = []
  client.on('notice', () => heard.push('pool'))
  handle.on('notice', () => heard.push('on'))
  handle.once('notice', () => heard.push('once'))
  handle.release()
  client.emit('notice')
  expect(heard).toEqual(['pool'])
})

test('a listener is called on the handle, where its borrower may have left something for it', () => {
  const { handle, client } = lend()
  const seen: unknown[] = []
  function listener(this: unknown, ...facts: unknown[]): void {
    seen.push(this, ...facts)
  }
  handle.on('notification', listener)
  handle.once('notice', listener)
  expect(handle.listeners('notification')).toEqual([listener])
  client.emit('notification', 1)
  client.emit('notice', 2)
  client.emit('notice', 3)
  expect(seen).toEqual([handle, 1, handle, 2])
  handle.on('notice', listener)
  handle.removeListener('notice', listener)
  handle.removeListener('notification', listener)
  client.emit('notice', 4)
  client.emit('notification', 5)
  expect(seen).toHaveLength(4)
})

test('a borrower takes away its own listeners only', () => {
  const { handle, client } = lend()
  const heard: string[] = []
  const mine = (): void => {
    heard.push('mine')
  }
  client.on('notice', () => heard.push('pool'))
  handle.on('notice', mine)
  handle.removeListener('notice', mine)
  handle.on('notice', mine)
  handle.removeAllListeners('notice')
  handle.on('error', mine)
  handle.removeAllListeners()
  client.emit('notice')
  expect(heard).toEqual(['pool'])
  expect(client.listenerCount('error')).toBe(0)
})

describe('after the lease', () => {
  test('a query in any form is refused and reaches nothing', async () => {
    const { handle, client } = lend()
    handle.release()
    await expect(handle.query('SELECT 1')).rejects.toBeInstanceOf(LeaseEndedError)
    const byCallback = await new Promise((resolve) => {
      void handle.query('SELECT 1', resolve as never)
    })
    expect(byCallback).toBeInstanceOf(LeaseEndedError)
    const bySubmittable = await new Promise((resolve) => {
      const cursor = { submit: () => undefined, handleError: resolve }
      expect(handle.query(cursor)).toBe(cursor)
    })
    expect(bySubmittable).toBeInstanceOf(LeaseEndedError)
    expect(client.sent).toEqual([])
  })

  test('other uses are refused in the form they answer in', async () => {
    const { handle, client } = lend()
    handle.release()
    await expect((handle as unknown as FakeClient).end()).rejects.toBeInstanceOf(LeaseEndedError)
    expect(() => handle.on('notice', () => undefined)).toThrow(LeaseEndedError)
    expect(() => {
      handle.discard()
    }).toThrow(LeaseEndedError)
    expect(client.sent).toEqual([])
  })

  test('what reads only its arguments goes on working, and taking listeners away is no error', () => {
    const { handle } = lend()
    handle.release()
    expect(handle.escapeLiteral('a')).toBe("'a'")
    expect(handle.removeListener('notice', () => undefined)).toBe(handle)
  })

  test('a second give-back is refused, disposal is not', async () => {
    const { handle, ends } = lend()
    handle.release()
    expect(() => {
      handle.release()
    }).toThrow(LeaseEndedError)
    await handle[Symbol.asyncDispose]()
    expect(ends).toEqual([{ discard: false }])
    expect(isLeaseEnded(handle)).toBe(true)
  })

  test('a new handle of the same client works', async () => {
    const { handle, client } = lend()
    handle.release()
    const next: Connection = createConnectionHandle(client, () => undefined)
    expect(await next.query('SELECT 1')).toBe('answered')
    await expect(handle.query('SELECT 2')).rejects.toBeInstanceOf(LeaseEndedError)
    expect(client.sent).toEqual(['SELECT 1'])
  })
})

test('the end of a lease tells whether to discard, and why', async () => {
  const error = new Error('broken')
  const released = lend()
  released.handle.release(error)
  const discarded = lend()
  discarded.handle.discard(error)
  await discarded.handle[Symbol.asyncDispose]()
  const flagged = lend()
  flagged.handle.release(true)
  expect(released.ends).toEqual([{ discard: true, error }])
  expect(discarded.ends).toEqual([{ discard: true, error }])
  expect(flagged.ends).toEqual([{ discard: true, error: true }])
})

test('any number of observers hear of the end, in order', () => {
  const { handle } = lend()
  const heard: number[] = []
  for (const number of [1, 2, 3, 4]) observeLeaseEnd(handle, () => heard.push(number))
  handle.release()
  expect(heard).toEqual([1, 2, 3, 4])
})

test('whoever observes a lease that has ended hears at once', () => {
  const { handle } = lend()
  handle.release()
  const seen: boolean[] = []
  observeLeaseEnd(handle, ({ discard }) => seen.push(discard))
  expect(seen).toEqual([true])
})

test('one observer of several leases hears which of them has ended', () => {
  const handles = [lend().handle, lend().handle]
  const heard: unknown[] = []
  const observer = { leaseEnded: (_end: unknown, { handle }: { handle: unknown }) => heard.push(handle) }
  for (const handle of handles) {
    observeLeaseEnd(handle, observer)
    observeLeaseEnd(handle, observer)
    observeLeaseEnd(handle, observer)
  }
  handles[1]?.release()
  expect(heard).toEqual([handles[1], handles[1], handles[1]])
})

test('observers hear of the end after the owner has taken the connection back', () => {
  const { handle, ends } = lend()
  const seen: number[] = []
  observeLeaseEnd(handle, () => seen.push(ends.length))
  endLease(handle)
  expect(seen).toEqual([1])
  expect(() => {
    endLease({})
  }).toThrow(TypeError)
})
