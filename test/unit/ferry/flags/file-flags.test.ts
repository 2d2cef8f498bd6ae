import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileFlags, type FileFlagSource } from '../../../../src/ferry/flags/file-flags'
import { writeFlagsFile } from '../../../../src/ferry/flags/flags-file'
import { ManualClock } from './manual-clock'
import { waitUntil } from './wait-until'

let directory: string
let path: string
const open: FileFlagSource[] = []

function openFlags(...args: Parameters<typeof fileFlags>): FileFlagSource {
  const flags = fileFlags(...args)
  open.push(flags)
  return flags
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgferry-file-flags-'))
  path = join(directory, 'flags.json')
})
afterEach(async () => {
  for (const flags of open.splice(0)) await flags.close()
  rmSync(directory, { recursive: true, force: true })
})

const writeText = (text: string) => {
  writeFileSync(path, text)
}
const shares = (portals: number) => JSON.stringify({ components: { portals } })
/** Polls so rarely that only the watch can have seen a change. */
const watchOnly = { pollIntervalMs: 3_600_000 }

describe('fileFlags', () => {
  it('has the flags of the file as soon as it is made', () => {
    writeText(shares(0.1))
    const flags = openFlags(path)
    expect(flags.snapshot()).toMatchObject({ generation: 1, enabled: undefined, shares: { portals: 0.1 } })
    expect(flags.health()).toMatchObject({ state: 'live' })
    expect(flags.path).toBe(path)
  })

  it('starts empty without a file and sees it come', async () => {
    const flags = openFlags(path, watchOnly)
    expect(flags.snapshot()).toMatchObject({ generation: 0, enabled: undefined, shares: {} })
    expect(flags.health()).toMatchObject({ state: 'starting', error: { code: 'ENOENT' } })
    writeText(shares(0.1))
    await waitUntil('the new file', () => flags.snapshot().shares['portals'] === 0.1)
    expect(flags.health()).toMatchObject({ state: 'live' })
  })

  it('takes its path from PGFERRY_FLAGS_FILE, else from the working directory', () => {
    const before = process.env['PGFERRY_FLAGS_FILE']
    try {
      process.env['PGFERRY_FLAGS_FILE'] = path
      expect(openFlags().path).toBe(path)
      delete process.env['PGFERRY_FLAGS_FILE']
      expect(openFlags().path).toBe(join(process.cwd(), 'pgferry-flags.json'))
    } finally {
      if (before !== undefined) process.env['PGFERRY_FLAGS_FILE'] = before
    }
  })

  it('shows an atomic replacement within milliseconds', async () => {
    await writeFlagsFile(path, { components: { portals: 0 } })
    const flags = openFlags(path, watchOnly)
    const latencies: number[] = []
    for (let round = 1; round <= 20; round++) {
      const startMs = performance.now()
      const seen = new Promise<void>((resolve) => {
        const stop = flags.onChange(() => {
          stop()
          resolve()
        })
      })
      await writeFlagsFile(path, { components: { portals: round / 20 } })
      await seen
      latencies.push(performance.now() - startMs)
      expect(flags.snapshot().shares['portals']).toBe(round / 20)
    }
    // Generous for a loaded machine; a poll would take an hour.
    expect(latencies.sort((a, b) => a - b)[10]).toBeLessThan(250)
  })

  it('follows an editor that moves the old file away and writes a new one', async () => {
    writeText(shares(0.1))
    const flags = openFlags(path, watchOnly)
    renameSync(path, `${path}~`)
    writeText(shares(0.2))
    await waitUntil('the edited file', () => flags.snapshot().shares['portals'] === 0.2)
    expect(flags.snapshot().generation).toBe(2)
  })

  it('keeps the last known flags through a torn write, and takes the whole one', async () => {
    writeText(shares(0.1))
    const flags = openFlags(path, watchOnly)
    const before = flags.snapshot()
    writeText('{"components": {"portals": 0.')
    await waitUntil('the torn write', () => flags.health().state === 'stale')
    expect(flags.snapshot()).toBe(before)
    expect(flags.health()).toMatchObject({ state: 'stale', error: expect.any(SyntaxError) as unknown })
    writeText(shares(0.5))
    await waitUntil('the whole write', () => flags.health().state === 'live')
    expect(flags.snapshot().shares['portals']).toBe(0.5)
  })

  it.each(['{"components":{"portals":2}}', '{"componets":{}}', '[]', ''])(
    'keeps the last known flags when the file says %j',
    async (text) => {
      writeText(shares(0.1))
      const flags = openFlags(path, watchOnly)
      const before = flags.snapshot()
      writeText(text)
      await waitUntil('the bad content', () => flags.health().state === 'stale')
      expect(flags.snapshot()).toBe(before)
    },
  )

  it('keeps the last known flags when the file goes away', async () => {
    writeText(shares(0.1))
    const flags = openFlags(path, watchOnly)
    rmSync(path)
    await waitUntil('the loss', () => flags.health().state === 'stale')
    expect(flags.snapshot().shares).toEqual({ portals: 0.1 })
  })

  it('is starting, not stale, while a file that was bad from the start stays bad', () => {
    writeText('{')
    expect(openFlags(path).health()).toMatchObject({
      state: 'starting',
      error: expect.any(SyntaxError) as unknown,
    })
  })

  it('refuses what cannot be a flags file: a directory, or a file of a size no flags have', () => {
    mkdirSync(path)
    expect(openFlags(path).health()).toMatchObject({
      state: 'starting',
      error: { message: expect.stringContaining('no file of flags') as unknown },
    })
    const great = join(directory, 'great.json')
    writeFileSync(great, ' '.repeat(1_000_001))
    expect(openFlags(great).health()).toMatchObject({
      state: 'starting',
      error: { message: expect.stringContaining('1000001 bytes') as unknown },
    })
  })

  it('does not take a rewrite of the same flags for a change', async () => {
    writeText(shares(0.1))
    const clock = new ManualClock()
    const flags = openFlags(path, {}, { clock })
    const before = flags.snapshot()
    await writeFlagsFile(path, { components: { portals: 0.1 } })
    clock.advance(1_000)
    expect(flags.snapshot()).toBe(before)
    expect(flags.health()).toEqual({ state: 'live', lastSuccessAtMs: clock.wallClockMs() })
  })

  it('finds by polling what no watch reports: a directory that comes later, and a link swung elsewhere', async () => {
    const clock = new ManualClock()
    const late = join(directory, 'later', 'flags.json')
    const flags = openFlags(late, {}, { clock })
    clock.advance(1_000)
    expect(flags.health().state).toBe('starting')
    mkdirSync(join(directory, 'later'))
    writeText(shares(0.1))
    symlinkSync(path, late)
    clock.advance(1_000)
    expect(flags.snapshot().shares).toEqual({ portals: 0.1 })
    writeText(shares(0.2))
    clock.advance(1_000)
    expect(flags.snapshot().shares).toEqual({ portals: 0.2 })
    // The directory is watched by now as well.
    rmSync(late)
    await writeFlagsFile(late, { components: { portals: 0.3 } })
    await waitUntil('the watched change', () => flags.snapshot().shares['portals'] === 0.3)
  })

  it('follows a mounted ConfigMap, whose data directory is a link that is swung', async () => {
    for (const [name, portals] of [
      ['..v1', 0.1],
      ['..v2', 0.2],
    ] as const) {
      mkdirSync(join(directory, name))
      writeFileSync(join(directory, name, 'flags.json'), shares(portals))
    }
    symlinkSync('..v1', join(directory, '..data'))
    symlinkSync(join('..data', 'flags.json'), path)
    const flags = openFlags(path, watchOnly)
    expect(flags.snapshot().shares).toEqual({ portals: 0.1 })
    symlinkSync('..v2', join(directory, '..data_tmp'))
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'))
    await waitUntil('the swung link', () => flags.snapshot().shares['portals'] === 0.2)
  })

  it('sees nothing any more once closed, and leaves no timer', async () => {
    writeText(shares(0.1))
    const clock = new ManualClock()
    const flags = openFlags(path, {}, { clock })
    await flags.close()
    await flags.close()
    expect(clock.timerCount).toBe(0)
    await writeFlagsFile(path, { components: { portals: 1 } })
    clock.advance(10_000)
    expect(flags.snapshot().shares).toEqual({ portals: 0.1 })
    expect(flags.health()).toEqual({ state: 'closed' })
  })

  it('leaves no timer when a listener closes it in answer to what a poll read', () => {
    writeText(shares(0.1))
    const clock = new ManualClock()
    const link = join(directory, 'link.json')
    symlinkSync(path, link)
    const flags = openFlags(link, {}, { clock })
    flags.onChange(() => void flags.close())
    writeText(shares(0.2))
    clock.advance(1_000)
    expect(flags.snapshot().shares).toEqual({ portals: 0.2 })
    expect(clock.timerCount).toBe(0)
  })

  it('refuses a bad option', () => {
    expect(() => fileFlags(path, { pollIntervalMs: 0 })).toThrow(/fileFlags\.pollIntervalMs/)
  })
})
