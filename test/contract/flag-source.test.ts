import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { envFlags } from '../../src/ferry/flags/env-flags'
import { fileFlags } from '../../src/ferry/flags/file-flags'
import type { FlagSnapshot, FlagSource } from '../../src/ferry/flags/flag-source'
import { writeFlagsFile } from '../../src/ferry/flags/flags-file'
import { staticFlags } from '../../src/ferry/flags/static-flags'
import { unleashFlags } from '../../src/ferry/flags/unleash-flags'
import { startFakeUnleash } from '../support/fake-unleash'
import { waitFor } from '../support/wait-for'

interface Bench {
  readonly source: FlagSource
  /** Brings about that the share of `portals` becomes `share`, in the source's own way. */
  readonly change: (share: number) => void | Promise<void>
  readonly dispose: () => Promise<void>
}

/** A source whose component `portals` begins at a share of 0.25. */
type OpenBench = () => Promise<Bench>

const nothing = () => Promise.resolve()

const openStatic: OpenBench = () => {
  const source = staticFlags({ portals: 0.25 })
  const change = (share: number) => {
    source.set('portals', share)
  }
  return Promise.resolve({ source, change, dispose: nothing })
}

/** Variables are read once; the one change there can be is which component a variable belongs to. */
const openEnv: OpenBench = () => {
  const source = envFlags({ USE_NEW_CONNECTION_SERVICE: '0.75', USE_NEW_CONNECTION_SERVICE_PORTALS: '0.25' })
  let extra = 0
  const change = () => {
    source.useComponents(['portals', `other-${String(++extra)}`])
  }
  return Promise.resolve({ source, change, dispose: nothing })
}

const openFile: OpenBench = async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pgferry-contract-'))
  const path = join(directory, 'flags.json')
  const change = (share: number) => writeFlagsFile(path, { components: { portals: share } })
  await change(0.25)
  const dispose = () => {
    rmSync(directory, { recursive: true })
    return Promise.resolve()
  }
  return { source: fileFlags(path), change, dispose }
}

const openUnleash: OpenBench = async () => {
  const flags = (share: number) => [
    { name: 'pgferry.enabled' },
    { name: 'pgferry.portals', rollout: share * 100 },
  ]
  const server = await startFakeUnleash(flags(0.25))
  const source = unleashFlags({ url: server.url, appName: 'contract', token: 'x:y.z', refreshIntervalMs: 50 })
  const change = (share: number) => {
    server.setFlags(flags(share))
  }
  await waitFor(() => source.health().state === 'live', { what: 'the first answer' })
  return { source, change, dispose: () => server.stop() }
}

const benches: readonly (readonly [string, OpenBench])[] = [
  ['static', openStatic],
  ['env', openEnv],
  ['file', openFile],
  ['unleash', openUnleash],
]

describe.each(benches)('the %s flag source', (kind, openBench) => {
  let bench: Bench
  let source: FlagSource
  /** Changes something and waits until the source shows it. */
  const changeTo = async (share: number) => {
    const before = source.snapshot()
    await bench.change(share)
    await waitFor(() => source.snapshot() !== before, { what: 'the change' })
  }

  beforeEach(async () => {
    bench = await openBench()
    source = bench.source
  })
  afterEach(async () => {
    await source.close()
    await bench.dispose()
  })

  it('says of which kind it is, and is live once it has its flags', () => {
    expect(source.kind).toBe(kind)
    expect(source.health()).toEqual({ state: 'live', lastSuccessAtMs: expect.any(Number) as number })
    expect(source.snapshot().shares['portals']).toBe(0.25)
    expect(source.snapshot().takenAtMs).toBeGreaterThan(Date.UTC(2020, 0, 1))
  })

  it('answers one and the same frozen snapshot until something changes', async () => {
    const first = source.snapshot()
    expect(source.snapshot()).toBe(first)
    expect([first, first.shares, first.shadows].every((part) => Object.isFrozen(part))).toBe(true)
    await changeTo(0.5)
    expect(source.snapshot()).not.toBe(first)
    expect(first.shares['portals']).toBe(0.25)
  })

  it('counts the generation up by one with each change', async () => {
    const { generation } = source.snapshot()
    await changeTo(0.5)
    expect(source.snapshot().generation).toBe(generation + 1)
    await changeTo(0.75)
    expect(source.snapshot().generation).toBe(generation + 2)
  })

  it('tells a listener when the new snapshot can be read already', async () => {
    const told: { readonly given: FlagSnapshot; readonly read: FlagSnapshot }[] = []
    source.onChange((given) => told.push({ given, read: source.snapshot() }))
    await changeTo(0.5)
    expect(told).toHaveLength(1)
    expect(told[0]?.given).toBe(source.snapshot())
    expect(told[0]?.read).toBe(told[0]?.given)
  })

  it('tells a listener no more once it has unsubscribed, and the others still', async () => {
    const left = jest.fn()
    const stayed = jest.fn()
    const unsubscribe = source.onChange(left)
    source.onChange(left)
    source.onChange(stayed)
    unsubscribe()
    unsubscribe()
    await changeTo(0.5)
    expect(left).toHaveBeenCalledTimes(1)
    expect(stayed).toHaveBeenCalledTimes(1)
  })

  it('does not let a listener that throws keep the news from the others', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const other = jest.fn()
    source.onChange(() => {
      throw new Error('a fault of the listener')
    })
    source.onChange(other)
    await changeTo(0.5)
    expect(other).toHaveBeenCalledTimes(1)
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('a fault of the listener'), 'PgferryWarning')
    warn.mockRestore()
  })

  it('may be closed twice, keeps its last flags, and tells nobody any more', async () => {
    const listener = jest.fn()
    source.onChange(listener)
    const last = source.snapshot()
    await source.close()
    await source.close()
    expect(source.health()).toEqual({ state: 'closed' })
    await bench.change(0.9)
    const untilMs = performance.now() + 150
    await waitFor(() => performance.now() > untilMs, { what: 'several intervals' })
    expect(source.snapshot()).toBe(last)
    expect(listener).not.toHaveBeenCalled()
  })
})
