import { identityOf } from '../../../src/core/connection-handle'
import { LeaseEndedError } from '../../../src/core/errors'
import { createFerry } from '../../../src/ferry/create-ferry'
import { fromGetconn } from '../../../src/ferry/backend/from-getconn'
import { staticFlags } from '../../../src/ferry/flags/static-flags'
import { Interleaving } from '../../property/interleaving'
import { createStage, sides, shareOf } from './ferry-stage'

const twoComponents = {
  components: [
    { name: 'portals', stage: 'live' as const },
    { name: 'scripts', stage: 'live' as const },
  ],
}

describe('options', () => {
  const stage = createStage()
  const valid = {
    service: stage.service,
    legacy: fromGetconn({ getconn: () => ({}), putconn: () => undefined }),
  }
  const make = (options: object) => () => createFerry({ ...valid, flags: staticFlags(), ...options } as never)
  const live = { name: 'portals', stage: 'live' }
  afterAll(() => stage.close())

  test.each<[string, object, RegExp]>([
    ['an unknown option', { components: [live], bugdet: {} }, /ferry\.bugdet.*did you mean 'budget'/],
    ['an option of later', { components: [live], evidence: {} }, /ferry\.evidence.*no such option/],
    ['a missing service', { service: undefined, components: [live] }, /ferry\.service: received undefined/],
    ['a wrong service', { service: {}, components: [live] }, /acquireConnection\(\)/],
    ['a wrong backend', { legacy: {}, components: [live] }, /fromPgPool/],
    ['no components', { components: [] }, /at least one component/],
    ['a component without name', { components: [{ stage: 'live' }] }, /components\[0\]\.name/],
    ['a component without stage', { components: [{ name: 'a' }] }, /components\[0\]\.stage/],
    ['an unknown stage', { components: [{ name: 'a', stage: 'beta' }] }, /one of 'off', 'shadow', 'canary'/],
    ['a name twice', { components: [live, live] }, /components\[1\]\.name: received "portals".*no other/],
    ['an unknown purpose', { components: [{ ...live, purpose: 'report' }] }, /did you mean 'reports'/],
    ['a shadow share', { components: [{ ...live, shadow: 0.1 }] }, /components\[0\]\.shadow.*no such option/],
    ['a budget without limit', { components: [live], budget: {} }, /maxConnections/],
    ['a budget of nothing', { components: [live], budget: { maxConnections: 0 } }, /at least 1/],
    [
      'text that is no number',
      { components: [{ ...live, pools: { maxconn: 'many' } }] },
      /pools\.maxconn.*whole number/,
    ],
    [
      'a limit for those who wait',
      { components: [{ ...live, pools: { parity: 'waiting', maxconn: 2 } }] },
      /parity 'waiting'/,
    ],
  ])('refuses %s and says what is expected', (_, options, message) => {
    expect(make(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
    )
  })

  test('default to the flag file, everything on the legacy side, and the service limit for getconn', async () => {
    const ferry = createFerry({ ...valid, components: [{ name: 'portals', stage: 'live' }] })
    expect(ferry.status().flags.kind).toBe('file')
    expect(ferry.status().components[0]).toMatchObject({
      share: 0,
      reason: 'flag-lost',
      flagShare: undefined,
      purpose: 'general',
    })
    await ferry.close()
    expect(ferry.status().flags.health.state).toBe('closed')
  })

  test('tell a source that needs the names of the components', () => {
    const useComponents = jest.fn()
    make({ ...twoComponents, flags: Object.assign(staticFlags(), { useComponents }) })()
    expect(useComponents).toHaveBeenCalledWith(['portals', 'scripts'])
  })

  test('of calls name the nearest component, purpose and database', async () => {
    const { ferry, portals, close } = createStage({ ferry: twoComponents })
    expect(() => ferry.component('portal')).toThrow(/did you mean 'portals'/)
    await expect(ferry.unitOfWork('scrips', () => 1)).rejects.toThrow(/did you mean 'scripts'/)
    expect(() => {
      ferry.forceLegacy('x', 'nobody')
    }).toThrow(/known: portals, scripts/)
    expect(() => {
      ferry.releaseForce('nobody')
    }).toThrow(/known: portals, scripts/)
    await expect(portals.connections.connection('report')).rejects.toThrow(/did you mean 'reports'/)
    await expect(portals.connections.query('SELECT 1', [], { database: 'other' })).rejects.toThrow(
      /first database only/,
    )
    await portals.connections.query('SELECT 1', [], { database: 'default', purpose: 'reports' })
    await close()
  })
})

describe('a unit of work', () => {
  test('keeps its side through flips and kills, the next one follows them', async () => {
    const { ferry, flags, portals, close } = createStage({ share: 1 })
    const leases = () => ferry.status().components[0]?.leases
    await ferry.unitOfWork('portals', async () => {
      await using first = await portals.connections.connection()
      flags.set('portals', 0)
      ferry.forceLegacy('operator')
      await using second = await portals.infra.getDbConnection()
      expect(leases()).toEqual({ legacy: 0, service: 2 })
      await ferry.unitOfWork('portals', () =>
        portals.pools.withConnection(() => {
          expect(leases()?.service).toBe(3)
        }),
      )
      expect([first, second]).toHaveLength(2)
    })
    await portals.infra.getDbConnection(() => {
      expect(leases()).toEqual({ legacy: 1, service: 0 })
    })
    expect(ferry.status().components[0]?.units).toEqual({ legacy: 1, service: 1 })
    await close()
  })

  test('ends with its work: what it leaves running decides anew once nothing is out', async () => {
    const { ferry, flags, portals, close } = createStage({ share: 1 })
    let go: () => void = () => undefined
    let late: Promise<unknown> = Promise.resolve()
    await ferry.unitOfWork('portals', () => {
      late = new Promise<void>((resolve) => (go = resolve)).then(() =>
        portals.infra.getDbConnection((c) => c.query('SELECT 1')),
      )
    })
    flags.set('portals', 0)
    go()
    await late
    expect(ferry.status().components[0]?.units).toEqual({ legacy: 1, service: 1 })
    await close()
  })

  test('with the same key is on the same side in every component', async () => {
    const { ferry, flags, close } = createStage({ ferry: twoComponents })
    flags.set('portals', 0.5)
    flags.set('scripts', 0.5)
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await ferry.unitOfWork('portals', () => undefined, { key })
      await ferry.unitOfWork('scripts', () => undefined, { key })
      // Without a key of its own, a nested unit of another component agrees with the outer one.
      await ferry.unitOfWork('portals', () => ferry.unitOfWork('scripts', () => undefined), { key })
    }
    const [portals, scripts] = ferry.status().components.map(({ units }) => units)
    expect(portals).toEqual(scripts)
    expect(Math.min(portals?.legacy ?? 0, portals?.service ?? 0)).toBeGreaterThan(0)
    await close()
  })

  test('takes chance for a key when it has none', async () => {
    const { ferry, close } = createStage({ share: 0.5, deps: { random: () => 0.49 } })
    await ferry.unitOfWork('portals', () => undefined)
    expect(ferry.status().components[0]?.units.service).toBe(1)
    await close()
  })
})

describe('kill switches', () => {
  test('add up by scope, in any order, and none is lost', async () => {
    const { ferry, close } = createStage({
      share: 1,
      ferry: { ...twoComponents, flags: staticFlags({ portals: 1, scripts: 1 }) },
    })
    const shares = () => ferry.status().components.map(({ share }) => share)
    ferry.forceLegacy('guard', 'portals')
    ferry.forceLegacy('operator')
    ferry.forceLegacy('operator')
    expect(shares()).toEqual([0, 0])
    expect(ferry.status().components[0]).toMatchObject({
      reason: 'forced',
      forced: ['guard', 'operator'],
      flagShare: 1,
    })
    ferry.releaseForce()
    expect(shares()).toEqual([0, 1])
    ferry.releaseForce('portals')
    expect(shares()).toEqual([1, 1])
    await close()
  })
})

describe.each(sides)('give-back on the %s side', (side) => {
  test('goes to the origin through whichever facade of the ferry, once', async () => {
    const { ferry, flags, portals, close } = createStage({
      share: shareOf[side],
      ferry: { ...twoComponents, flags: staticFlags({ portals: shareOf[side] }) },
    })
    const scripts = ferry.component('scripts')
    const connection = await portals.infra.getDbConnection()
    flags.set('portals', 1 - shareOf[side])
    scripts.pools.putconn(connection)
    expect(ferry.status().components[0]?.leases[side]).toBe(0)
    const { connections, infra, delegatePool, pools } = portals
    for (const again of [
      () => infra.releaseDbConnection(connection),
      () => {
        connections.releaseConnection(connection)
      },
      () => {
        connection.release()
      },
    ]) {
      expect(again).toThrow(LeaseEndedError)
    }
    expect(() => {
      pools.putconn(connection)
    }).toThrow('unkeyed')
    expect(() => delegatePool.putconn(connection)).toThrow('unkeyed')
    const foreign = await createStage().portals.infra.getDbConnection()
    expect(() => infra.releaseDbConnection(foreign)).toThrow(
      expect.objectContaining({ code: 'FOREIGN_CONNECTION' }),
    )
    expect(() => infra.releaseDbConnection(undefined as never)).toThrow(
      expect.objectContaining({ code: 'FOREIGN_CONNECTION' }),
    )
    await foreign.query('SELECT 1')
    await close()
  })

  test('rolls back, waits for running statements and resets a read-only session', async () => {
    const { portals, ferry, events, legacyServer, strategy, close } = createStage({ share: shareOf[side] })
    const server = side === 'legacy' ? legacyServer : strategy.server
    const { connections, infra } = portals
    const open = await connections.acquireConnection('general', { readOnly: true })
    await open.query('BEGIN')
    await infra.releaseDbConnection(open)
    for (let turn = 0; turn < 50 && strategy.stats().resetting > 0; turn++) await new Promise(setImmediate)
    expect(server.statements.map(({ text }) => text)).toEqual([
      'SET default_transaction_read_only = on',
      'BEGIN',
      'ROLLBACK',
      'RESET default_transaction_read_only',
    ])
    if (side === 'legacy')
      expect(events).toMatchObject([
        { kind: 'open-transaction-rolled-back', purpose: 'general', status: 'open' },
      ])
    await connections.withTransaction('general', (c) => c.query('SELECT 2'), {
      isolation: 'serializable',
      readOnly: true,
      timeoutMs: 1000,
    })
    expect(server.statements.map(({ text }) => text).slice(4)).toEqual([
      'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY',
      'SELECT 2',
      'COMMIT',
    ])
    server.reply('SET default_transaction_read_only = on', new Error('refused'))
    await expect(
      connections.connection('general', { readOnly: true, signal: new AbortController().signal }),
    ).rejects.toMatchObject({ code: 'CONNECT_FAILED' })
    expect(ferry.status().components[0]?.acquires[side]).toMatchObject({ attempts: 3, failures: 1 })
    expect(connections.stats().purposes).toHaveProperty('reports')
    expect(await connections.trimIdle(0)).toBe(0)
    await connections.close()
    await connections[Symbol.asyncDispose]()
    await close()
  })
})

describe('the legacy side', () => {
  test('waits for a statement that was not awaited before it looks at the transaction', async () => {
    const statements: string[] = []
    const client = {
      readyForQuery: false,
      query: (text: string) => Promise.resolve(statements.push(text)),
      getTransactionStatus: () => (statements.includes('') ? 'E' : 'I'),
    }
    const putconn = jest.fn()
    const stage = createStage({ ferry: { legacy: fromGetconn({ getconn: () => client, putconn }) } })
    await stage.portals.infra.releaseDbConnection(await stage.portals.infra.getDbConnection())
    expect(statements).toEqual(['', 'ROLLBACK'])
    expect(putconn).toHaveBeenCalledWith(client)
    await stage.close()
  })

  test('tells the listener what the old manager says at give-back, not the borrower', async () => {
    const legacy = { kind: 'odd', acquire: jest.fn() }
    const stage = createStage({ ferry: { legacy } })
    const take = async (release: () => void | Promise<void>) => {
      legacy.acquire.mockResolvedValueOnce({ client: { query: () => Promise.resolve() }, release })
      await stage.portals.infra.releaseDbConnection(await stage.portals.infra.getDbConnection())
    }
    await take(() => {
      throw new Error('sync')
    })
    await take(() => Promise.reject(new Error('async')))
    await take(() => Promise.resolve())
    expect(stage.events).toMatchObject([
      { kind: 'release-failed', error: new Error('sync') },
      { kind: 'release-failed', error: new Error('async') },
    ])
    expect(stage.ferry.status().components[0]?.leases.legacy).toBe(0)
    await stage.close()
  })

  test('counts its leases against the budget when the manager cannot count', async () => {
    const manager = { getconn: () => ({ query: () => Promise.resolve() }), putconn: () => undefined }
    const stage = createStage({
      share: 0,
      ferry: { legacy: fromGetconn(manager), budget: { maxConnections: 1 } },
    })
    const held = await stage.portals.infra.getDbConnection()
    expect(stage.ferry.status().budget).toEqual({
      maxConnections: 1,
      used: 1,
      bySide: { legacy: 1, service: 0 },
      waiting: 0,
    })
    stage.flags.set('portals', 1)
    const waiting = stage.portals.connections.withConnection('general', () => 'served')
    await new Promise(setImmediate)
    expect(stage.ferry.status().budget?.waiting).toBe(1)
    await stage.portals.infra.releaseDbConnection(held)
    await expect(waiting).resolves.toBe('served')
    await stage.close()
  })
})

describe('a service of somebody else', () => {
  test('is lent in handles that end like all others', async () => {
    const stage = createStage({ share: 1 })
    const client = { query: () => Promise.resolve('row') }
    const releaseConnection = jest.fn()
    const service = {
      ...stage.service,
      stats: () => stage.service.stats(),
      acquireConnection: () => Promise.resolve(client),
      releaseConnection,
    }
    const ferry = createFerry({
      service: service as never,
      legacy: { kind: 'none', acquire: () => Promise.reject(new Error('none')) },
      flags: staticFlags({ portals: 1 }),
      components: [{ name: 'portals', stage: 'live' }],
    })
    const { infra } = ferry.component('portals')
    await infra.releaseDbConnection(await infra.getDbConnection())
    expect(releaseConnection).toHaveBeenLastCalledWith(client, undefined)
    const broken = await infra.getDbConnection()
    broken.discard()
    await infra.releaseDbConnection(broken)
    expect(releaseConnection).toHaveBeenLastCalledWith(client, expect.any(Error))
    await ferry.close()
    await stage.close()
  })
})

describe('close', () => {
  test('waits for the leases, and takes no new ones meanwhile', async () => {
    const { ferry, portals, close } = createStage()
    const held = await portals.infra.getDbConnection()
    let isClosed = false
    const closing = ferry.close().then(() => (isClosed = true))
    await expect(portals.infra.getDbConnection()).rejects.toMatchObject({ code: 'POOL_CLOSED' })
    await expect(portals.pools.getconn()).rejects.toThrow('connection pool is closed')
    await new Promise(setImmediate)
    expect(isClosed).toBe(false)
    await held.query('SELECT 1')
    held.release()
    await closing
    await close()
  })

  test('closes what is overdue under its borrower', async () => {
    const clock = new Interleaving(
      () => 0,
      () => undefined,
    )
    const stage = createStage({ deps: { clock } })
    const held = await stage.portals.infra.getDbConnection()
    await clock.run(Promise.resolve(stage.ferry[Symbol.asyncDispose]()))
    expect(clock.now()).toBe(10_000)
    await expect(held.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
    expect(stage.pool.totalCount).toBe(0)
    expect(() => stage.ferry.close({ timeout: 1 } as never)).toThrow(/did you mean 'timeoutMs'/)
    await stage.close()
  })
})

describe('close, while acquires wait', () => {
  test.each(sides)('gives back on the %s side what arrives after the deadline', async (side) => {
    const { ferry, portals, service, pool, strategy, close } = createStage({ share: shareOf[side], max: 1 })
    // Somebody outside of the ferry has the only connection.
    const outside = side === 'legacy' ? await pool.connect() : await service.acquireConnection()
    const late = portals.connections.acquireConnection()
    await ferry.close({ timeoutMs: 1 })
    outside.release()
    await expect(late).rejects.toMatchObject({ code: 'POOL_CLOSED' })
    await new Promise(setImmediate)
    expect(ferry.status().components[0]?.leases).toEqual({ legacy: 0, service: 0 })
    strategy.assertNoLeases()
    await close()
  })

  test('refuses who waits for the budget', async () => {
    const options = { budget: { maxConnections: 1 } }
    const { ferry, flags, portals, close } = createStage({ share: 0, max: 2, ferry: options })
    const held = await portals.connections.acquireConnection()
    flags.set('portals', 1)
    const late = portals.connections.acquireConnection()
    await new Promise(setImmediate)
    expect(ferry.status().budget?.waiting).toBe(1)
    const refused = expect(late).rejects.toMatchObject({ code: 'POOL_CLOSED' })
    await ferry.close({ timeoutMs: 1 })
    await refused
    await expect(held.query('SELECT 1')).rejects.toMatchObject({ code: 'LEASE_ENDED' })
    await close()
  })
})

describe('a flag source that breaks its promises', () => {
  test('does not hinder the kill switch, and what it said last holds', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const flags = staticFlags({ portals: 1 })
    const stage = createStage({ ferry: { flags } })
    const snapshot = jest.spyOn(flags, 'snapshot').mockImplementation(() => {
      throw new Error('flag source is broken')
    })
    const unitSide = () => stage.portals.infra.getDbConnection(() => stage.strategy.stats().leased)
    stage.ferry.forceLegacy('drill')
    expect(await unitSide()).toBe(0)
    stage.ferry.releaseForce()
    expect(await unitSide()).toBe(1)
    expect(emitWarning).toHaveBeenCalledWith(
      expect.stringContaining('flag source is broken'),
      'PgferryWarning',
    )
    snapshot.mockRestore()
    emitWarning.mockRestore()
    await stage.close()
  })

  test('may answer no table at all', async () => {
    const flags = staticFlags()
    jest.spyOn(flags, 'snapshot').mockReturnValue({ shares: undefined } as never)
    const stage = createStage({ ferry: { flags, components: [{ name: 'portals', stage: 'complete' }] } })
    expect(await stage.portals.infra.getDbConnection(() => stage.strategy.stats().leased)).toBe(1)
    jest.restoreAllMocks()
    await stage.close()
  })
})

test('an acquire of the new API with a purpose does not count all connections of the service', async () => {
  const stage = createStage({ share: 1 })
  const stats = jest.spyOn(stage.service, 'stats')
  await stage.portals.connections.withConnection('reports', (c) => c.query('SELECT 1'))
  expect(stats).not.toHaveBeenCalled()
  await stage.close()
})

test('a legacy connection that does not become clean in time is given back to be closed', async () => {
  const clock = new Interleaving(
    () => 0,
    () => undefined,
  )
  const stage = createStage({ deps: { clock } })
  const held = await stage.portals.infra.getDbConnection()
  const client = identityOf(held)
  // As after a cursor that was left open: nothing that is sent is answered any more.
  Object.assign(client, { readyForQuery: false, query: () => new Promise(() => undefined) })
  await clock.run(stage.portals.infra.releaseDbConnection(held))
  expect(clock.now()).toBe(5_000)
  expect(stage.pool.totalCount).toBe(0)
  expect(stage.events).toMatchObject([
    { kind: 'reset-failed', error: { message: 'the connection was not clean within 5000 ms' } },
  ])
  await stage.close()
})
