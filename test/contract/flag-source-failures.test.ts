import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Unleash } from 'unleash-client'
import { unleashFlags, type UnleashFlagSource } from '../../src/ferry/flags/unleash-flags'
import type { UnleashFlagOptions } from '../../src/ferry/flags/unleash-options'
import { startFakeUnleash, type FakeUnleash, type FakeUnleashBehaviour } from '../support/fake-unleash'
import { waitFor } from '../support/wait-for'

const token = 'default:development.a-secret-of-this-test'
const appName = 'pgferry-failures'
const on = [{ name: 'pgferry.enabled' }, { name: 'pgferry.portals', rollout: 25 }]
const moved = [{ name: 'pgferry.enabled' }, { name: 'pgferry.portals', rollout: 75 }]

let server: FakeUnleash
const opened: UnleashFlagSource[] = []
const crashes: unknown[] = []
const noteCrash = (reason: unknown) => {
  crashes.push(reason)
}

function open(options: Partial<UnleashFlagOptions> = {}): UnleashFlagSource {
  const flags = unleashFlags({
    url: server.url,
    appName,
    token,
    refreshIntervalMs: 100,
    timeoutMs: 1_000,
    ...options,
  })
  opened.push(flags)
  return flags
}

const portals = (flags: UnleashFlagSource) => flags.snapshot().shares['portals']
const state = (flags: UnleashFlagSource) => flags.health().state
const failure = (flags: UnleashFlagSource) => {
  const health = flags.health()
  return 'error' in health ? String(health.error) : ''
}

async function openLive(): Promise<UnleashFlagSource> {
  const flags = open()
  await waitFor(() => state(flags) === 'live', { what: 'the first answer' })
  expect(portals(flags)).toBe(0.25)
  return flags
}

beforeAll(() => {
  process.on('unhandledRejection', noteCrash)
  process.on('uncaughtException', noteCrash)
})
afterAll(() => {
  process.off('unhandledRejection', noteCrash)
  process.off('uncaughtException', noteCrash)
})
beforeEach(async () => {
  server = await startFakeUnleash(on)
})
afterEach(async () => {
  for (const flags of opened.splice(0)) await flags.close()
  await server.stop()
  expect(crashes).toEqual([])
})

describe('unleashFlags, against a server over HTTP', () => {
  it('has the flags soon after the start, and follows a flip', async () => {
    const flags = await openLive()
    expect(flags.snapshot()).toMatchObject({ generation: 1, enabled: true })
    expect(server.lastHeaders['authorization']).toBe(token)
    server.setFlags(moved)
    await waitFor(() => portals(flags) === 0.75, { what: 'the flip' })
    expect(flags.snapshot().generation).toBe(2)
  })

  it('stays on the safe side when the server is down at the start, and has the flags when it comes', async () => {
    await server.stop()
    const flags = open()
    expect(flags.snapshot()).toMatchObject({ generation: 0, enabled: undefined, shares: {} })
    await waitFor(() => failure(flags) !== '', { what: 'the failure to be seen' })
    expect(state(flags)).toBe('starting')
    await server.restart()
    await waitFor(() => portals(flags) === 0.25, { what: 'recovery', timeoutMs: 10_000 })
  })

  it('keeps the last known flags when the server goes away, is stale soon, and recovers', async () => {
    const flags = await openLive()
    const before = flags.snapshot()
    await server.stop()
    await waitFor(() => state(flags) === 'stale', { what: 'staleness' })
    expect(flags.snapshot()).toBe(before)
    server.setFlags(moved)
    await server.restart()
    await waitFor(() => portals(flags) === 0.75, { what: 'recovery', timeoutMs: 10_000 })
    expect(state(flags)).toBe('live')
  })

  it.each<[string, FakeUnleashBehaviour]>([
    ['is refused with 401', { kind: 'status', status: 401 }],
    ['is refused with 403', { kind: 'status', status: 403 }],
    ['is answered 503', { kind: 'status', status: 503 }],
    ['is left hanging', { kind: 'hang' }],
    ['is answered HTML', { kind: 'body', body: '<html>maintenance</html>', etag: '"h"' }],
    ['is answered {}', { kind: 'body', body: '{}', etag: '"o"' }],
    ['is answered null', { kind: 'body', body: 'null' }],
    ['is answered no flags at all', { kind: 'body', body: '{"version":2,"features":[]}', etag: '"e"' }],
    [
      'is answered a malformed flag',
      {
        kind: 'body',
        body: '{"version":2,"features":[{"name":"pgferry.enabled","enabled":true,"strategies":"all"}]}',
      },
    ],
  ])('keeps the last known flags while it %s, and recovers', async (_what, behaviour) => {
    const flags = await openLive()
    const before = flags.snapshot()
    server.behave(behaviour)
    await waitFor(() => state(flags) === 'stale', { what: 'staleness' })
    await waitFor(() => failure(flags) !== '' || behaviour.kind === 'hang', { what: 'a reason' })
    expect(flags.snapshot()).toBe(before)
    expect(failure(flags)).not.toContain(token)
    server.setFlags(moved)
    server.behave({ kind: 'flags' })
    await waitFor(() => portals(flags) === 0.75, { what: 'recovery', timeoutMs: 10_000 })
    expect(state(flags)).toBe('live')
  })

  it('does not take "unchanged" for an answer after one that it threw away', async () => {
    const flags = await openLive()
    server.behave({ kind: 'body', body: '{"version":2,"features":[]}', etag: '"e"' })
    await waitFor(() => state(flags) === 'stale', { what: 'staleness' })
    const asked = server.requestCount
    await waitFor(() => server.requestCount > asked + 10, { what: 'more requests' })
    expect(state(flags)).toBe('stale')
    expect(failure(flags)).toContain('none of pgferry.enabled')
  })

  it('says what it misses when the token sees none of its flags', async () => {
    server.setFlags([{ name: 'something.else' }])
    const flags = open({ components: ['portals'] })
    await waitFor(() => failure(flags) !== '', { what: 'a reason' })
    expect(state(flags)).toBe('starting')
    expect(failure(flags)).toMatch(/1 flags and none of pgferry\.enabled, pgferry\.portals, .*token/)
  })

  it('ends quietly while a request is under way that fails later', async () => {
    const flags = await openLive()
    server.behave({ kind: 'hang' })
    const asked = server.requestCount
    await waitFor(() => server.requestCount > asked, { what: 'a request that hangs' })
    await flags.close()
    expect(flags.health()).toEqual({ state: 'closed' })
    await server.stop()
    const quietUntilMs = performance.now() + 4_500
    await waitFor(() => performance.now() > quietUntilMs, { what: 'the retries of the client to be over' })
    expect(portals(flags)).toBe(0.25)
  })

  it('leaves alone the client that the application has of its own', async () => {
    const config = { url: server.url, appName: 'application', disableAutoStart: true, disableMetrics: true }
    const own = Unleash.getInstance(config)
    try {
      const flags = await openLive()
      await flags.close()
      expect(Unleash.getInstance(config)).toBe(own)
    } finally {
      own.destroy()
    }
  })

  it('asks no more once closed, and never writes the backup file of the client', async () => {
    const flags = await openLive()
    await flags.close()
    const asked = server.requestCount
    const quietUntilMs = performance.now() + 400
    await waitFor(() => performance.now() > quietUntilMs, { what: 'several intervals' })
    expect(server.requestCount).toBe(asked)
    expect(existsSync(join(tmpdir(), `unleash-backup-${appName}.json`))).toBe(false)
  })
})
