import { testDatabase, type TestDatabase } from '../support/postgres'
import { createChildStage, type ChildStage } from './support/child-stage'

/** In a process of its own: after `close()` nothing is left that would keep it alive, and nothing has ended it before. */
let database: TestDatabase
let stage: ChildStage
beforeAll(async () => {
  database = await testDatabase()
  stage = createChildStage()
})
afterAll(async () => {
  stage.remove()
  await database.close()
})

const proxied = (work: string, options = '{ max: 3 }'): string => `
  const proxy = await createFaultProxy({ target: connection })
  const pool = createPool({ port: proxy.port }, ${options})
  ${work}
  await pool.close()
  await proxy.close()`

test.each([
  [
    'refused',
    proxied(`
      await proxy.setMode('refuse')
      await Promise.allSettled([1, 2, 3].map(() => pool.acquire({ purpose: 'x', timeoutMs: 200 })))`),
  ],
  [
    'black hole before login, closed while attempts are under way and callers wait',
    proxied(`
      await proxy.setMode('black-hole')
      const waiting = Promise.allSettled([1, 2, 3].map(() => pool.acquire({ purpose: 'x' })))
      await until(() => pool.stats().opening > 0)
      await pool.close()
      await waiting`),
  ],
  [
    'black hole after login',
    proxied(`
      pool.release(await pool.acquire({ purpose: 'x' }), 'reuse')
      await proxy.setMode('black-hole')`),
  ],
  [
    'reset under a statement',
    proxied(`
      const lease = await pool.acquire({ purpose: 'x' })
      const query = lease.client.query('SELECT pg_sleep(30)').catch(() => undefined)
      proxy.resetConnections()
      await query
      pool.release(lease, 'reuse')`),
  ],
  [
    'TLS stall',
    `
      const { createServer } = require('node:net')
      const sockets = new Set()
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
        socket.on('error', () => undefined)
        socket.once('data', () => socket.write('S'))
      })
      await new Promise((done) => server.listen(0, '127.0.0.1', done))
      const pool = createPool({ port: server.address().port, ssl: true }, { max: 2, connectTimeoutMs: 150 })
      await pool.acquire({ purpose: 'x', timeoutMs: 300 }).catch(() => undefined)
      await pool.close()
      await until(() => sockets.size === 0)
      server.close()`,
  ],
  [
    'admin kill while the borrower of a service awaits something else (P3)',
    `
      const service = createConnectionService({ databases: { connection, pool: { max: 2 } } })
      const held = await service.acquireConnection()
      const { rows } = await held.query('SELECT pg_backend_pid() AS pid')
      await service.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
      await until(() => held.query('SELECT 1').then(() => false, () => true))
      service.releaseConnection(held)
      await service.query('SELECT 1')
      await service.close()`,
  ],
])(
  'after %s the process exits by itself',
  async (_, body) => {
    const { code, signal, output, errors } = await stage.run(body, database.connection)
    const sinceCloseMs = Date.now() - Number(output.replace('done ', ''))
    expect({ code, signal, errors }).toEqual({ code: 0, signal: null, errors: '' })
    expect(sinceCloseMs).toBeLessThan(5_000)
  },
  20_000,
)
