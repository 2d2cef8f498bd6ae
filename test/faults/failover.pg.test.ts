import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startPostgres } from '../../src/testing/embedded-postgres'
import { waitFor } from '../support/wait-for'
import { useFaultReport } from './support/fault-report'
import { withWatch } from './support/fault-watch'
import { codeOf } from './support/outcomes'
import { dataDirectoryOf, writeServerFile } from './support/server-files'

useFaultReport('failover')

test('promotion, then the old primary comes back as a standby: writes stay at the new one, reads find the old one', async () => {
  await using primary = await startPostgres({ version: 15, replicas: 1 })
  const [standby] = primary.standbys
  if (standby === undefined) throw new Error('a standby was asked for')
  await primary.query('CREATE TABLE written (id serial PRIMARY KEY)')
  const directory = await dataDirectoryOf(primary)
  const { user, database } = primary.connection
  let isPrimaryUp = true
  const servers = [
    {
      query: (sql: string, values?: readonly unknown[]) =>
        isPrimaryUp ? primary.query(sql, values) : Promise.resolve([]),
    },
    standby,
  ]
  await withWatch(
    'promotion, old primary back as standby',
    {
      servers,
      connection: { user, database },
      hosts: [primary, standby].map(({ host, port }) => ({ host, port })),
      pool: { max: 4, roleRecheckMs: 100 },
    },
    async (watch) => {
      let isOver = false
      const codes = new Set<string>()
      const write = async (): Promise<void> => {
        while (!isOver) codes.add(await codeOf(watch.run('INSERT INTO written DEFAULT VALUES')))
      }
      const writers = [write(), write(), write()]
      await waitFor(() => codes.has('ok'))
      codes.clear()
      isPrimaryUp = false
      // In order, so that the standby has got everything and the old primary can follow it.
      await primary.halt('fast')
      await standby.promote()
      expect(await watch.recovers()).toBeLessThan(500)
      const portFor = async (target: 'primary' | 'standby'): Promise<unknown> =>
        (await watch.run('SELECT inet_server_port() AS port', { target, timeoutMs: 1_000 }))[0]?.['port']
      expect(await portFor('primary')).toBe(standby.port)

      await writeServerFile(directory, 'standby.signal', '')
      const source = `host=${standby.host} port=${standby.port} user=${user}`
      await appendFile(join(directory, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`)
      await primary.restart()
      isPrimaryUp = true
      await waitFor(async () => (await portFor('standby').catch(() => undefined)) === primary.port, {
        what: 'reads from the old primary',
        timeoutMs: 10_000,
      })
      expect(await portFor('primary')).toBe(standby.port)
      isOver = true
      await Promise.all(writers)
      for (const code of codes) expect(code).toMatch(/^(ok|OUTCOME_UNKNOWN|57P0[123]|25006|CONNECT_FAILED)$/)
      expect(watch.pool.stats().hosts).toMatchObject([
        { port: primary.port, role: 'standby' },
        { port: standby.port, role: 'primary' },
      ])
    },
  )
}, 60_000)
