import dns from 'node:dns'
import type { ClientConfig } from 'pg'
import { startPostgres, type PostgresServer } from '../../src/testing/embedded-postgres'
import { waitFor } from '../support/wait-for'
import { createAuthority } from './support/certificates'
import { useFaultReport } from './support/fault-report'
import { withFaultyNetwork, withWatch } from './support/fault-watch'
import { codesOf, many } from './support/outcomes'
import { dataDirectoryOf, prependAccessRules, writeServerFile } from './support/server-files'

const rightName = 'db.pgferry.test'
const authority = createAuthority()
let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres({ version: 15 })
  const directory = await dataDirectoryOf(server)
  const { certificate, key } = authority.issue(rightName)
  await writeServerFile(directory, 'server.crt', certificate)
  await writeServerFile(directory, 'server.key', key)
  await server.query("SET password_encryption = 'scram-sha-256'")
  await server.query("CREATE ROLE app LOGIN PASSWORD 'right one'")
  await server.query('ALTER SYSTEM SET ssl = on')
  await prependAccessRules(server, [
    'hostssl all app 127.0.0.1/32 scram-sha-256',
    'hostnossl all app 127.0.0.1/32 reject',
  ])
  await waitFor(async () => (await server.query('SHOW ssl'))[0]?.['ssl'] === 'on')
})
afterAll(() => server.stop('immediate'))
useFaultReport('tls-and-names')

type LookupCallback = (error: Error | null, address: string, family: number) => void

/** Names of ours lead to 127.0.0.1, at once or when `answer` is called; all others as always. */
function stubNames(): { isStalled: boolean; answer(): void } & Disposable {
  const pending: LookupCallback[] = []
  const real = dns.lookup
  const control = {
    isStalled: false,
    answer() {
      control.isStalled = false
      for (const callback of pending.splice(0)) callback(null, '127.0.0.1', 4)
    },
    [Symbol.dispose]() {
      spy.mockRestore()
    },
  }
  const spy = jest.spyOn(dns, 'lookup').mockImplementation(((
    name: string,
    options: { all?: boolean },
    callback: (error: Error | null, found: unknown, family?: number) => void,
  ) => {
    if (!name.endsWith('.pgferry.test')) {
      real(name, options, callback as never)
      return
    }
    const tell: LookupCallback = (error, address, family) => {
      if (options.all === true) callback(error, [{ address, family }])
      else callback(error, address, family)
    }
    if (control.isStalled) pending.push(tell)
    else process.nextTick(tell, null, '127.0.0.1', 4)
  }) as never)
  return control
}

function secured(host: string, extra: ClientConfig = {}): ClientConfig {
  const { port, database } = server.connection
  const ssl = { ca: authority.certificate }
  return { host, port, database, user: 'app', password: 'right one', ssl, ...extra }
}

test('verify-full: with the right name and authority SCRAM logs in, and the session is encrypted', async () => {
  using _names = stubNames()
  await withWatch(
    'TLS verify-full, SCRAM',
    { servers: [server], connection: secured(rightName), pool: { max: 3 } },
    async (watch) => {
      const rows = await watch.run('SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
      expect(rows).toEqual([{ ssl: true, version: expect.stringMatching(/^TLSv1\.[23]$/) }])
      expect(codesOf(await many(9, () => watch.run('SELECT 1')))).toEqual(['ok'])
      expect(watch.count('connection-failed')).toBe(0)
    },
  )
})

test('verify-full: another name, an unknown authority, a wrong password are refused, and no secret is told', async () => {
  using _names = stubNames()
  const cases: [string, ClientConfig, RegExp][] = [
    ['TLS wrong name', secured('other.pgferry.test'), /altnames|Hostname/i],
    ['TLS unknown authority', secured(rightName, { ssl: true }), /self.signed|unable to (verify|get)/i],
    ['SCRAM wrong password', secured(rightName, { password: 'wrong one' }), /refused the password/],
  ]
  for (const [fault, connection, message] of cases) {
    await withWatch(fault, { servers: [server], connection, pool: { max: 2 } }, async (watch) => {
      const [result] = await many(1, () => watch.acquire({ timeoutMs: 400 }))
      const { reason } = result as PromiseRejectedResult
      expect(reason).toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringMatching(message) })
      expect(`${String(reason)} ${JSON.stringify([watch.events, watch.pool.stats()])}`).not.toMatch(
        /(right|wrong) one/,
      )
    })
  }
})

test('a password function with SCRAM is asked for each connection', async () => {
  using _names = stubNames()
  let asked = 0
  const password = (): Promise<string> => Promise.resolve((asked++, 'right one'))
  await withWatch(
    'SCRAM by a password function',
    { servers: [server], connection: secured(rightName, { password }), pool: { max: 2 } },
    async (watch) => {
      await watch.warm(2)
      expect(asked).toBe(2)
    },
  )
})

test('TLS stall: a server that says yes to TLS and then nothing does not keep callers beyond their deadline', async () => {
  using _names = stubNames()
  await withFaultyNetwork(
    'TLS stall',
    server,
    {
      config: secured(rightName),
      pool: { max: 2, connectTimeoutMs: 200 },
    },
    async (watch, proxy) => {
      // The one byte that gets through is the `S`.
      await proxy.setMode({ kind: 'trickle', bytesPerTick: 1, everyMs: 60_000 })
      const startedAtMs = performance.now()
      expect(codesOf(await many(3, () => watch.acquire({ timeoutMs: 500 })))).toEqual(['CONNECT_FAILED'])
      expect(performance.now() - startedAtMs).toBeLessThan(800)
      expect(proxy.connections().every(({ bytesToClient }) => bytesToClient <= 1)).toBe(true)
      await waitFor(() => watch.driver.liveCount === 0, { what: 'stalled attempts to be given up' })
      await proxy.setMode('pass')
      expect(await watch.recovers()).toBeLessThan(1_000)
    },
  )
})

test('DNS stall: a name that is not answered does not keep callers beyond their deadline, and a late answer opens nothing', async () => {
  using names = stubNames()
  await withWatch(
    'DNS stall',
    { servers: [server], connection: secured(rightName), pool: { max: 2, connectTimeoutMs: 200 } },
    async (watch) => {
      names.isStalled = true
      const startedAtMs = performance.now()
      expect(codesOf(await many(4, () => watch.acquire({ timeoutMs: 500 })))).toEqual(['CONNECT_FAILED'])
      expect(performance.now() - startedAtMs).toBeLessThan(800)
      await waitFor(() => watch.driver.liveCount === 0)
      names.answer()
      expect(watch.pool.stats().total).toBe(0)
      expect(await watch.recovers()).toBeLessThan(1_000)
    },
  )
})
