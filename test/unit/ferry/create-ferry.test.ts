import { createStage, shareOf, sides } from './ferry-stage'

describe.each(sides)('a ferry with everything on the %s side', (side) => {
  test('hands out connections through every API and gets them back', async () => {
    const { ferry, portals, close } = createStage({ share: shareOf[side] })
    const { infra, pools, delegatePool, pgPool, connections } = portals
    const raw = await infra.getDbConnection()
    expect(ferry.status().components[0]?.leases[side]).toBe(1)
    await infra.releaseDbConnection(raw)
    await infra.getDbConnection((conn) => conn.query('SELECT 1'))
    {
      await using conn = await infra.getDbConnection()
      await conn.query('SELECT 1')
    }
    const keyed = await pools.getconn('k')
    expect(await pools.getconn('k')).toBe(keyed)
    pools.putconn(keyed, 'k')
    await delegatePool.putconn(await delegatePool.getconn())
    await pools.withConnection((conn) => conn.query('SELECT 1'))
    ;(await pgPool.connect()).release()
    await pgPool.query('SELECT 1')
    await connections.withTransaction('general', (conn) => conn.query('SELECT 1'))
    await connections.query('SELECT 1')
    const { leases, acquires } = ferry.status().components[0]!
    expect(leases).toEqual({ legacy: 0, service: 0 })
    expect(acquires[side]).toMatchObject({ attempts: 10, failures: 0 })
    expect(acquires[side === 'legacy' ? 'service' : 'legacy'].attempts).toBe(0)
    await close()
  })
})
