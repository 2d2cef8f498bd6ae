import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Client } from 'pg'
import { createFaultProxy, type FaultProxy } from '../../src/testing/fault-proxy'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { waitFor } from '../support/wait-for'

/** An echo server that remembers its sockets and how they ended. */
interface Echo {
  readonly server: Server
  readonly port: number
  readonly sockets: Socket[]
  readonly endings: string[]
}

async function startEcho(): Promise<Echo> {
  const sockets: Socket[] = []
  const endings: string[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', (error) => endings.push((error as NodeJS.ErrnoException).code ?? error.message))
    socket.on('end', () => endings.push('end'))
    socket.on('data', (bytes) => socket.write(bytes))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port, sockets, endings }
}

/** A client that collects what it hears. */
class Caller {
  heard = ''
  ending: string | undefined
  readonly socket: Socket
  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setNoDelay(true)
    this.socket.on('data', (bytes) => (this.heard += bytes.toString()))
    this.socket.on('error', (error) => (this.ending = (error as NodeJS.ErrnoException).code))
    this.socket.on('end', () => (this.ending ??= 'end'))
  }
  say(text: string): void {
    this.socket.write(text)
  }
  async hears(text: string): Promise<void> {
    await waitFor(() => this.heard === text, { what: `"${text}", heard so far "${this.heard}"` })
  }
  async endsWith(ending: string): Promise<void> {
    await waitFor(() => this.ending === ending, {
      what: `an ending by ${ending}, so far ${String(this.ending)}`,
    })
  }
}

describe('a fault proxy', () => {
  let echo: Echo
  let proxy: FaultProxy
  let callers: Caller[]

  const call = (): Caller => {
    const caller = new Caller(proxy.port)
    callers.push(caller)
    return caller
  }
  const established = async (text = 'hi'): Promise<Caller> => {
    const caller = call()
    caller.say(text)
    await caller.hears(text)
    return caller
  }

  beforeEach(async () => {
    callers = []
    echo = await startEcho()
    proxy = await createFaultProxy({ target: { host: '127.0.0.1', port: echo.port } })
  })
  afterEach(async () => {
    await proxy.close()
    for (const { socket } of callers) socket.destroy()
    for (const socket of echo.sockets) socket.destroy()
    echo.server.close()
  })

  test('forwards both ways and counts the bytes of each connection', async () => {
    await established('hello')
    await established('you')
    expect(proxy.connections()).toEqual([
      { id: 1, isOpen: true, bytesFromClient: 5, bytesFromServer: 5, bytesToClient: 5 },
      { id: 2, isOpen: true, bytesFromClient: 3, bytesFromServer: 3, bytesToClient: 3 },
    ])
    expect(proxy.mode).toEqual({ kind: 'pass' })
  })

  test('passes on the end of a connection from the client and from the server', async () => {
    const leaving = await established()
    leaving.socket.end()
    await waitFor(() => echo.endings.includes('end'))
    const left = await established()
    echo.sockets[1]?.end()
    await left.endsWith('end')
    await waitFor(() => proxy.openCount() === 0)
  })

  test('resets a client when the target cannot be reached', async () => {
    echo.server.close()
    await call().endsWith('ECONNRESET')
  })

  test('leaves the server when a client is gone without a goodbye', async () => {
    const caller = await established()
    caller.socket.resetAndDestroy()
    await waitFor(() => echo.endings.length === 1)
    expect(proxy.openCount()).toBe(0)
  })

  test('refuse: new connections are refused, existing ones go on, and the port is the same afterwards', async () => {
    const existing = await established()
    const { port } = proxy
    await proxy.setMode('refuse')
    await proxy.setMode('refuse')
    await call().endsWith('ECONNREFUSED')
    existing.say('!')
    await existing.hears('hi!')
    await proxy.setMode('pass')
    expect(proxy.port).toBe(port)
    await established('again')
  })

  test('black hole: new connections are accepted and never reach the server', async () => {
    await proxy.setMode('black-hole')
    const caller = call()
    caller.say('anybody?')
    await waitFor(() => proxy.connections()[0]?.bytesFromClient === 8)
    await proxy.setMode('pass')
    await established('fresh')
    expect(echo.sockets).toHaveLength(1)
    expect(caller.heard).toBe('')
    expect(caller.ending).toBeUndefined()
  })

  test('black hole: an existing connection loses its bytes and its ending, for good', async () => {
    const caller = await established()
    await proxy.setMode('black-hole')
    caller.say('lost')
    await waitFor(() => proxy.connections()[0]?.bytesFromClient === 6)
    echo.sockets[0]?.resetAndDestroy()
    await proxy.setMode('pass')
    await established('fresh')
    expect(caller.heard).toBe('hi')
    expect(caller.ending).toBeUndefined()
  })

  test('half-open: nothing moves and nothing ends; what was held arrives when the mode changes', async () => {
    const caller = await established()
    await proxy.setMode('half-open')
    caller.say(' held')
    await waitFor(() => proxy.connections()[0]?.bytesFromClient === 7)
    echo.sockets[0]?.write(' server')
    await waitFor(() => proxy.connections()[0]?.bytesFromServer === 9)
    echo.sockets[0]?.end()
    expect(caller.heard).toBe('hi')
    expect(proxy.connections()[0]?.bytesToClient).toBe(2)
    expect(caller.ending).toBeUndefined()
    await proxy.setMode('pass')
    await caller.hears('hi server')
    await caller.endsWith('end')
  })

  test('half-open: the server does not notice that a client is gone until the network heals', async () => {
    const caller = await established()
    await proxy.setMode('half-open')
    caller.socket.resetAndDestroy()
    await waitFor(() => proxy.openCount() === 0)
    expect(echo.endings).toEqual([])
    await proxy.setMode('pass')
    await waitFor(() => echo.endings.length === 1)
  })

  test('reset: existing connections and new ones are reset', async () => {
    const existing = await established()
    await proxy.setMode('reset')
    await existing.endsWith('ECONNRESET')
    await call().endsWith('ECONNRESET')
    await proxy.setMode('pass')
    await established()
  })

  test('resetConnections ends what exists and takes new connections', async () => {
    const existing = await established()
    proxy.resetConnections()
    await existing.endsWith('ECONNRESET')
    await established('new')
    expect(proxy.openCount()).toBe(1)
  })

  test('delay: bytes arrive late by the delay of each direction, in order', async () => {
    const caller = await established()
    await proxy.setMode({ kind: 'delay', delayMs: 60 })
    const start = performance.now()
    caller.say('1')
    caller.say('2')
    await caller.hears('hi12')
    expect(performance.now() - start).toBeGreaterThanOrEqual(115)
    caller.say('3')
    await waitFor(() => proxy.connections()[0]?.bytesFromClient === 5)
    await proxy.setMode('pass')
    await caller.hears('hi123')
  })

  test('cut: the connection ends after exactly so many bytes from the server', async () => {
    const caller = await established()
    await proxy.setMode({ kind: 'cut', afterBytes: 4 })
    caller.say('abcdefgh')
    await caller.endsWith('end')
    expect(caller.heard).toBe('hiabcd')
    await waitFor(() => proxy.openCount() === 0)
    const second = call()
    second.say('wxyz5')
    await second.endsWith('end')
    expect(second.heard).toBe('wxyz')
  })

  test('cut: zero bytes end the connection at the first answer', async () => {
    await proxy.setMode({ kind: 'cut', afterBytes: 0 })
    const caller = call()
    caller.say('x')
    await caller.endsWith('end')
    expect(caller.heard).toBe('')
  })

  test("trickle: the server's bytes come one small piece at a time", async () => {
    await proxy.setMode({ kind: 'trickle', bytesPerTick: 2, everyMs: 20 })
    const caller = call()
    const start = performance.now()
    caller.say('abcdef')
    await caller.hears('abcdef')
    expect(performance.now() - start).toBeGreaterThanOrEqual(38)
    expect(echo.sockets[0]?.bytesRead).toBe(6)
  })

  test.each([
    [{ kind: 'delay', delayMs: -1 } as const, 'delayMs'],
    [{ kind: 'cut', afterBytes: 1.5 } as const, 'afterBytes'],
    [{ kind: 'trickle', bytesPerTick: 0, everyMs: 1 } as const, 'bytesPerTick'],
    [{ kind: 'trickle', bytesPerTick: 1, everyMs: Number.NaN } as const, 'everyMs'],
  ])('refuses %j and stays in its mode', async (mode, option) => {
    await expect(proxy.setMode(mode)).rejects.toMatchObject({ code: 'INVALID_OPTION', option })
    expect(proxy.mode).toEqual({ kind: 'pass' })
  })

  test('close ends everything, and a closed proxy does not open again', async () => {
    const caller = await established()
    await proxy.close()
    await caller.endsWith('ECONNRESET')
    await proxy.setMode('pass')
    await call().endsWith('ECONNREFUSED')
    await proxy[Symbol.asyncDispose]()
  })
})

describe('a fault proxy before PostgreSQL', () => {
  let database: TestDatabase
  let proxy: FaultProxy
  beforeAll(async () => {
    database = await testDatabase()
  })
  afterAll(async () => {
    await database.close()
  })
  beforeEach(async () => {
    proxy = await createFaultProxy({ target: database.connection })
  })
  afterEach(async () => {
    await proxy.close()
  })

  const newClient = (): Client => {
    const client = new Client({ ...database.connection, port: proxy.port, connectionTimeoutMillis: 200 })
    client.on('error', () => undefined)
    return client
  }

  test('a session works through it and leaves no connection behind', async () => {
    const client = newClient()
    await client.connect()
    expect((await client.query<{ n: number }>('SELECT 40 + 2 AS n')).rows).toEqual([{ n: 42 }])
    await client.end()
    await waitFor(async () => (await database.connectionCount()) === 0)
  })

  test('a query in flight fails when the connection is reset, and the server ends the session', async () => {
    const client = newClient()
    await client.connect()
    const query = client.query('SELECT pg_sleep(30)')
    query.catch(() => undefined)
    await waitFor(async () => (await database.connectionCount()) === 1)
    proxy.resetConnections()
    await expect(query).rejects.toThrow(/ECONNRESET|terminated/)
  })

  test('a login into a black hole times out instead of failing', async () => {
    await proxy.setMode('black-hole')
    await expect(newClient().connect()).rejects.toThrow(/timeout/)
  })

  test('a cut in the middle of a result ends the query with an error', async () => {
    const client = newClient()
    await client.connect()
    await proxy.setMode({ kind: 'cut', afterBytes: 1000 })
    await expect(client.query("SELECT repeat('x', 100000)")).rejects.toThrow(/terminated/)
    expect(proxy.connections()[0]?.bytesToClient).toBeGreaterThan(1000)
  })
})

test('an unknown mode is refused, and the old one stays', async () => {
  await using proxy = await createFaultProxy({ target: { host: '127.0.0.1', port: 1 } })
  await proxy.setMode('half-open')
  for (const mode of ['black-hol', { kind: 'constructor' }, {}, null, undefined]) {
    await expect(proxy.setMode(mode as never)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option: 'mode',
    })
  }
  expect(proxy.mode).toEqual({ kind: 'half-open' })
})
