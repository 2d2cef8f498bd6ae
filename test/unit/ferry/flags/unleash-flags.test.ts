import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvalidOptionError } from '../../../../src/core/errors'
import { writeLastKnown } from '../../../../src/ferry/flags/last-known'
import { loadUnleashClient } from '../../../../src/ferry/flags/unleash-client'
import type { UnleashConnectOptions, UnleashListeners } from '../../../../src/ferry/flags/unleash-client'
import type { UnleashFeature } from '../../../../src/ferry/flags/unleash-feature'
import { unleashFlags } from '../../../../src/ferry/flags/unleash-flags'
import type { UnleashFlagOptions } from '../../../../src/ferry/flags/unleash-options'
import { ManualClock } from './manual-clock'

const token = 'default:production.hush-hush'
const base: UnleashFlagOptions = {
  url: 'http://someone:word-to-hide@127.0.0.1:1/api/',
  appName: 'test',
  token,
}

const feature = (name: string, rollout: number): UnleashFeature => ({
  name,
  isEnabled: true,
  strategies: [{ name: 'flexibleRollout', parameters: { rollout }, isMet: true, variants: [] }],
  variants: [],
  dependencies: [],
  isEnabledHere: () => true,
})
const answer = (rollout: number) => [feature('pgferry.enabled', 100), feature('pgferry.portals', rollout)]

interface FakeConnection {
  readonly options: UnleashConnectOptions
  readonly listeners: UnleashListeners
  isClosed: boolean
}

/** A source on connections that answer when the test says so, at a time that the test moves. */
function openBench(options: Partial<UnleashFlagOptions> = {}) {
  const clock = new ManualClock()
  const connections: FakeConnection[] = []
  const flags = unleashFlags(
    { ...base, ...options },
    {
      clock,
      connect: (connectOptions, listeners) => {
        const connection: FakeConnection = { options: connectOptions, listeners, isClosed: false }
        connections.push(connection)
        return {
          close: () => {
            connection.isClosed = true
          },
        }
      },
    },
  )
  const current = () => {
    const connection = connections.at(-1)
    if (connection === undefined) throw new Error('no connection was made')
    return connection
  }
  return { clock, connections, flags, current, listeners: () => current().listeners }
}

describe('unleashFlags', () => {
  it('starts empty, is live after the first answer and stale after five intervals without another', () => {
    const { clock, flags, listeners } = openBench()
    expect(flags.health()).toEqual({ state: 'starting' })
    listeners().answered(answer(25))
    const lastSuccessAtMs = clock.wallClockMs()
    expect(flags.snapshot()).toMatchObject({ generation: 1, enabled: true, shares: { portals: 0.25 } })
    clock.advance(5_000)
    expect(flags.health()).toEqual({ state: 'live', lastSuccessAtMs })
    clock.advance(1)
    expect(flags.health()).toEqual({ state: 'stale', lastSuccessAtMs })
    expect(flags.snapshot().shares).toEqual({ portals: 0.25 })
  })

  it('lives on as long as the server says "unchanged", and judges the flags anew each time', () => {
    const { clock, flags, listeners } = openBench()
    listeners().answered(answer(25))
    clock.advance(5_000)
    listeners().unchanged(answer(50))
    clock.advance(5_000)
    expect(flags.health().state).toBe('live')
    expect(flags.snapshot().shares).toEqual({ portals: 0.5 })
  })

  it('tells the last failure while starting and while stale, and forgets it at the next answer', () => {
    const { clock, flags, listeners } = openBench()
    listeners().failed(new Error('connection refused'), false)
    expect(flags.health()).toMatchObject({ state: 'starting', error: { message: 'connection refused' } })
    listeners().answered(answer(25))
    expect(flags.health().state).toBe('live')
    clock.advance(5_001)
    expect(flags.health()).not.toHaveProperty('error')
    listeners().failed(new Error('again'), false)
    expect(flags.health()).toMatchObject({ state: 'stale', error: { message: 'again' } })
  })

  it('replaces a connection that was refused after one interval, again and again', () => {
    const { clock, connections, flags, current, listeners } = openBench()
    listeners().answered(answer(25))
    listeners().failed(new Error('401'), true)
    listeners().failed(new Error('something after it'), false)
    clock.advance(1_000)
    expect(connections).toHaveLength(2)
    expect(connections[0]?.isClosed).toBe(true)
    listeners().failed(new Error('401'), true)
    clock.advance(999)
    expect(connections).toHaveLength(2)
    clock.advance(1)
    expect(connections).toHaveLength(3)
    expect(flags.snapshot().shares).toEqual({ portals: 0.25 })
    current().listeners.answered(answer(75))
    clock.advance(1_000)
    expect(connections).toHaveLength(3)
    expect(flags.snapshot().shares).toEqual({ portals: 0.75 })
  })

  it('replaces a connection from which nothing good has come for long, not one that does well', () => {
    const { clock, connections, listeners } = openBench({ timeoutMs: 1_000 })
    clock.advance(2_000)
    listeners().answered(answer(25))
    clock.advance(2_999)
    expect(connections).toHaveLength(1)
    clock.advance(1)
    expect(connections).toHaveLength(2)
  })

  it('does not hear a connection that it has replaced', () => {
    const { clock, connections, flags } = openBench({ timeoutMs: 1_000 })
    clock.advance(3_000)
    const [old, present] = connections
    old?.listeners.answered(answer(100))
    old?.listeners.failed(new Error('late'), true)
    expect(flags.health()).toEqual({ state: 'starting' })
    present?.listeners.answered(answer(25))
    old?.listeners.unchanged(answer(100))
    expect(flags.snapshot().shares).toEqual({ portals: 0.25 })
  })

  it('asks for everything when "unchanged" may mean an answer that it threw away', () => {
    const { connections, flags, listeners } = openBench()
    listeners().answered(answer(25))
    listeners().answered([])
    expect(flags.snapshot().shares).toEqual({ portals: 0.25 })
    listeners().unchanged([])
    expect(connections).toHaveLength(2)
    listeners().answered(answer(50))
    listeners().failed(new Error('a glitch'), false)
    listeners().unchanged(answer(50))
    expect(connections).toHaveLength(3)
  })

  it('never shows the token or a password of the URL', () => {
    const { flags, listeners } = openBench()
    const leak = `GET ${base.url} with ${token} failed`
    listeners().failed(
      Object.assign(new Error(leak), { code: 'ECONNRESET', cause: token, headers: token }),
      false,
    )
    const health = flags.health() as { readonly error: Error }
    expect(health.error.message).toBe('GET http://***@127.0.0.1:1/api/ with *** failed')
    expect(health.error).toMatchObject({ code: 'ECONNRESET' })
    expect(health.error).not.toHaveProperty('headers')
    expect(health.error.cause).toBeUndefined()
  })

  it('begins with the flags of the options, and counts as starting with them', () => {
    const { flags, listeners } = openBench({ bootstrap: { enabled: true, shares: { portals: 0.5 } } })
    expect(flags.snapshot()).toMatchObject({ generation: 1, enabled: true, shares: { portals: 0.5 } })
    expect(flags.health()).toEqual({ state: 'starting' })
    listeners().answered(answer(50))
    expect(flags.snapshot().generation).toBe(1)
    expect(flags.health().state).toBe('live')
  })

  it('closes its connection, leaves no timer and hears nothing any more', async () => {
    const { clock, connections, flags, listeners } = openBench()
    await flags.close()
    await flags.close()
    expect(connections[0]?.isClosed).toBe(true)
    expect(clock.timerCount).toBe(0)
    listeners().answered(answer(25))
    expect(flags.snapshot().generation).toBe(0)
    expect(flags.health()).toEqual({ state: 'closed' })
  })

  it('passes on what the client needs, with the environment of the token', () => {
    const { current } = openBench({ projectName: 'p', context: { region: 'eu' } })
    expect(current().options).toEqual({
      url: base.url,
      appName: 'test',
      environment: 'production',
      headers: { Authorization: token },
      projectName: 'p',
      refreshIntervalMs: 1_000,
      timeoutMs: 2_000,
      context: { region: 'eu' },
    })
    const headers = { 'X-Key': 'k' }
    const other = openBench({ token: undefined, customHeaders: headers }).current().options
    expect(other).toMatchObject({ headers, environment: 'default' })
    expect(openBench({ token: 'old-style-token' }).current().options.environment).toBe('default')
    expect(openBench({ environment: 'blue' }).current().options.environment).toBe('blue')
  })

  describe('with a file of last known flags', () => {
    let directory: string
    let lastKnownFile: string
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'pgferry-unleash-'))
      lastKnownFile = join(directory, 'last.json')
    })
    afterEach(() => {
      rmSync(directory, { recursive: true })
    })

    it('hands the flags of one process to the next, which is stale until the server answers', async () => {
      const first = openBench({ lastKnownFile })
      expect(first.flags.health()).toMatchObject({ state: 'starting', error: { code: 'ENOENT' } })
      first.listeners().answered(answer(25))
      await first.flags.close()
      expect(readFileSync(lastKnownFile, 'utf8')).not.toContain('hush')

      const second = openBench({ lastKnownFile, bootstrap: { shares: { portals: 1 } } })
      expect(second.flags.snapshot().shares).toEqual({ portals: 0.25 })
      expect(second.flags.health()).toEqual({ state: 'stale', lastSuccessAtMs: first.clock.wallClockMs() })
      second.listeners().answered(answer(50))
      expect(second.flags.health().state).toBe('live')
      await second.flags.close()
    })

    it('does without it when it is of another environment, and says so', async () => {
      const values = { shares: { portals: 1 } }
      await writeLastKnown(lastKnownFile, { environment: 'staging', confirmedAtMs: Date.now(), values })
      const { flags } = openBench({ lastKnownFile })
      expect(flags.snapshot().generation).toBe(0)
      expect(flags.health()).toMatchObject({
        state: 'starting',
        error: { message: expect.stringContaining('environment staging') as unknown },
      })
    })
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no URL', { url: undefined }, /unleashFlags\.url/],
    ['a URL that is none', { url: 'localhost:4242' }, /unleashFlags\.url.*an http or https URL/],
    ['no name', { appName: undefined }, /unleashFlags\.appName/],
    ['no token', { token: undefined }, /unleashFlags\.token.*either token or customHeaders/],
    ['token and headers', { customHeaders: {} }, /either token or customHeaders/],
    [
      'headers that are no strings',
      { token: undefined, customHeaders: { a: 1 } },
      /customHeaders.*an object of strings/,
    ],
    [
      'a timeout that breaks the client',
      { timeoutMs: 999 },
      /timeoutMs: received 999, expected .*at least 1000/,
    ],
    ['an interval of 0, which would never ask', { refreshIntervalMs: 0 }, /refreshIntervalMs/],
    ['components that are no names', { components: ['a', ''] }, /components.*array of component names/],
    ['a bad share to begin with', { bootstrap: { shares: { a: 2 } } }, /bootstrap\.shares\.a/],
    ['a slip of the pen', { refreshInterval: 1 }, /did you mean 'refreshIntervalMs'/],
  ])('refuses %s, without showing the token', (_what, options, message) => {
    const create = () => unleashFlags({ ...base, ...options })
    expect(create).toThrow(InvalidOptionError)
    expect(create).toThrow(message)
    expect(create).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hush') as string }) as Error,
    )
  })
})

describe('loadUnleashClient', () => {
  it('says how to install the optional peer when it is missing', () => {
    const missing = () => {
      throw Object.assign(new Error("Cannot find module 'unleash-client'"), { code: 'MODULE_NOT_FOUND' })
    }
    expect(() => loadUnleashClient(missing)).toThrow(InvalidOptionError)
    expect(() => loadUnleashClient(missing)).toThrow(/npm install unleash-client@6/)
  })

  it('does not call a broken installation a missing one', () => {
    const broken = () => {
      throw new SyntaxError('Unexpected token')
    }
    expect(() => loadUnleashClient(broken)).toThrow(SyntaxError)
  })
})
