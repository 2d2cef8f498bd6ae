import { systemClock } from '../../../../src/core/clock'
import { fromPgPool } from '../../../../src/ferry/backend/from-pg-pool'
import { createFerry } from '../../../../src/ferry/create-ferry'
import { staticFlags } from '../../../../src/ferry/flags/static-flags'
import { createMockDriver } from '../../../../src/pool/mock-pool'
import { MockServer } from '../../../../src/pool/mock-server'
import { SimplePoolStrategy } from '../../../../src/pool/simple-pool'
import { createConnectionService } from '../../../../src/service/create-connection-service'
import { FakeClock, settle } from '../../../support/fake-clock'
import { mockPgPool } from '../ferry-stage'

/** Both sides lead to one server, on which a connection of the service takes its time to close. */
function createStage(maxConnections: number) {
  const clock = new FakeClock()
  const server = new MockServer(systemClock)
  const closings: (() => void)[] = []
  const driver = createMockDriver(server)
  const slowDriver: typeof driver = {
    ...driver,
    async close(client) {
      await new Promise<void>((resolve) => closings.push(resolve))
      await driver.close(client)
    },
  }
  const strategy = new SimplePoolStrategy({ connection: {}, pool: { max: 2 } }, { driver: slowDriver, clock })
  const service = createConnectionService({ databases: { strategy, pool: { max: 2 } } })
  const pool = mockPgPool(server, { max: 2 })
  const flags = staticFlags({ portals: 1 })
  const ferry = createFerry(
    {
      service,
      legacy: fromPgPool(pool),
      flags,
      components: [{ name: 'portals', stage: 'live' }],
      budget: { maxConnections },
    },
    { clock },
  )
  const finishClosing = () => {
    for (const finish of closings.splice(0)) finish()
  }
  const close = async () => {
    await ferry.close()
    const closed = service.close()
    finishClosing()
    await Promise.all([closed, pool.end()])
  }
  return { clock, server, strategy, flags, ferry, closings, finishClosing, close }
}

test('a connection of the service that is being closed uses up the budget until the server is rid of it', async () => {
  const stage = createStage(1)
  const portals = stage.ferry.component('portals').pools
  const discarded = await portals.getconn()
  portals.putconn(discarded, undefined, true)
  await settle()
  expect(stage.closings).toHaveLength(1)
  expect(stage.server.openCount).toBe(1)
  expect(stage.ferry.status().budget).toMatchObject({ used: 1 })

  stage.flags.set('portals', 0)
  const arrived = jest.fn()
  const legacy = portals.getconn().then((connection) => {
    arrived()
    return connection
  })
  await stage.clock.advance(1_000)
  expect(arrived).not.toHaveBeenCalled()
  expect(stage.server.openCount).toBe(1)

  stage.finishClosing()
  await stage.clock.advance(50)
  const connection = await legacy
  expect(stage.server.openCount).toBe(1)
  portals.putconn(connection)
  await stage.close()
  expect(stage.server.openCount).toBe(0)
})

test('a connection that is being closed does not stand in the way of one that fits beside it', async () => {
  const stage = createStage(2)
  const portals = stage.ferry.component('portals').pools
  portals.putconn(await portals.getconn(), undefined, true)
  stage.flags.set('portals', 0)
  const connection = await portals.getconn()
  expect(stage.server.openCount).toBe(2)
  portals.putconn(connection)
  await stage.close()
})
