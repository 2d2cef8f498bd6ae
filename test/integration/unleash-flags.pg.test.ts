import pg from 'pg'
import { fromPgPool } from '../../src/ferry/backend/from-pg-pool'
import { createFerry } from '../../src/ferry/create-ferry'
import { unleashFlags, type UnleashFlagSource } from '../../src/ferry/flags/unleash-flags'
import { createConnectionService } from '../../src/service/create-connection-service'
import { testDatabase, type TestDatabase } from '../support/postgres'
import { startUnleashServer, type UnleashServer } from '../support/unleash-server'
import { waitFor } from '../support/wait-for'

let database: TestDatabase
let server: UnleashServer
let flags: UnleashFlagSource

const shares = () => flags.snapshot().shares

beforeAll(async () => {
  database = await testDatabase()
  server = await startUnleashServer(database)
  await server.createFlag({ name: 'pgferry.enabled' })
  await server.createFlag({ name: 'pgferry.portals', rollout: 25 })
  await server.createFlag({ name: 'pgferry.portals.shadow', rollout: 5 })
  await server.createFlag({ name: 'pgferry.core', share: 0.0025 })
  await server.createFlag({ name: 'pgferry.scripts', enabled: false })
  flags = unleashFlags({
    url: server.url,
    appName: 'pgferry-test',
    token: server.clientToken,
    refreshIntervalMs: 200,
  })
}, 60_000)

// Whatever could not start has nothing to stop.
afterAll(async () => {
  await (flags as UnleashFlagSource | undefined)?.close()
  await (server as UnleashServer | undefined)?.stop()
  await (database as TestDatabase | undefined)?.close()
}, 30_000)

describe('unleashFlags, against a real Unleash server', () => {
  it('reads master switch, shares, shadows, and a share below one per cent', async () => {
    await waitFor(() => flags.health().state === 'live', { what: 'the first answer' })
    expect(flags.snapshot()).toMatchObject({
      enabled: true,
      shares: { portals: 0.25, core: 0.0025, scripts: 0 },
      shadows: { portals: 0.05 },
    })
  })

  it('shows a changed rollout, and a component that is switched off and on', async () => {
    const { generation } = flags.snapshot()
    await server.setRollout('pgferry.portals', 50)
    await waitFor(() => shares()['portals'] === 0.5, { what: 'the new rollout' })
    expect(flags.snapshot().generation).toBeGreaterThan(generation)
    await server.setEnabled('pgferry.portals', false)
    await waitFor(() => shares()['portals'] === 0, { what: 'the component off' })
    await server.setEnabled('pgferry.portals', true)
    await waitFor(() => shares()['portals'] === 0.5, { what: 'the component on' })
  })

  it('changes the side of the next unit of work, and leaves the unit that runs where it began', async () => {
    const legacyPool = new pg.Pool({ ...database.connection, application_name: 'legacy', max: 2 })
    const service = createConnectionService({
      databases: { connection: { ...database.connection, application_name: 'service' }, pool: { max: 2 } },
    })
    const components = [{ name: 'portals', stage: 'live' as const }]
    const ferry = createFerry({ service, legacy: fromPgPool(legacyPool), flags, components })
    const { connections } = ferry.component('portals')
    const sideOfNextConnection = async (): Promise<unknown> => {
      await using connection = await connections.connection()
      const { rows } = await connection.query('SHOW application_name')
      return rows[0]?.application_name
    }
    const flip = async (rollout: number): Promise<void> => {
      await server.setRollout('pgferry.portals', rollout)
      await waitFor(() => shares()['portals'] === rollout / 100, { what: `a rollout of ${rollout} %` })
    }
    try {
      await flip(0)
      await ferry.unitOfWork('portals', async () => {
        expect(await sideOfNextConnection()).toBe('legacy')
        await flip(100)
        expect(await sideOfNextConnection()).toBe('legacy')
      })
      expect(await ferry.unitOfWork('portals', sideOfNextConnection)).toBe('service')
    } finally {
      await flip(50)
      await ferry.close()
      await service.close()
      await legacyPool.end()
    }
  })

  it('sends everybody back by the parent flag', async () => {
    await server.setEnabled('pgferry.enabled', false)
    await waitFor(() => flags.snapshot().enabled === false, { what: 'the master switch off' })
    expect(shares()).toMatchObject({ portals: 0, core: 0 })
    await server.setEnabled('pgferry.enabled', true)
    await waitFor(() => flags.snapshot().enabled === true && shares()['portals'] === 0.5, {
      what: 'the switch on',
    })
  })

  it('keeps the last known flags while the server is down, and sees a flip soon after its restart', async () => {
    const before = flags.snapshot()
    await server.stop()
    await waitFor(() => flags.health().state === 'stale', { what: 'staleness' })
    expect(flags.snapshot()).toBe(before)
    await server.restart()
    await server.setRollout('pgferry.portals', 75)
    await waitFor(() => shares()['portals'] === 0.75, { what: 'recovery', timeoutMs: 15_000 })
    expect(flags.health().state).toBe('live')
  }, 60_000)

  it('stays on the safe side with a token that the server does not know', async () => {
    const stranger = unleashFlags({
      url: server.url,
      appName: 'stranger',
      token: 'default:development.unknown',
    })
    try {
      await waitFor(() => 'error' in stranger.health(), { what: 'the refusal' })
      expect(stranger.health()).toMatchObject({ state: 'starting' })
      expect(String((stranger.health() as { error?: unknown }).error)).toMatch(/responded 401/)
      expect(stranger.snapshot().shares).toEqual({})
    } finally {
      await stranger.close()
    }
  })
})
