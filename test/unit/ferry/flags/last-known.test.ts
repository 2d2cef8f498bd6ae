import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLastKnown, writeLastKnown } from '../../../../src/ferry/flags/last-known'
import { LastKnownWriter } from '../../../../src/ferry/flags/last-known-writer'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgferry-last-known-'))
  path = join(directory, 'flags.json')
})
afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

const values = { enabled: true, shares: { portals: 0.25 }, shadows: { core: 0.01 } }
const known = { environment: 'production', confirmedAtMs: 1_000, values }
const read = (environment = 'production', nowMs = 1_500, maxAgeMs = 1_000) =>
  readLastKnown(path, environment, nowMs, maxAgeMs)

describe('the file of last known flags', () => {
  it('gives back what was written, readable by its owner only', async () => {
    await writeLastKnown(path, known)
    expect(read()).toEqual(known)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('keeps a master switch that the flags do not have', async () => {
    await writeLastKnown(path, { ...known, values: { shares: {}, shadows: {} } })
    expect(read().values).toEqual({ enabled: undefined, shares: {}, shadows: {} })
  })

  it('refuses the flags of another environment', async () => {
    await writeLastKnown(path, known)
    expect(() => read('staging')).toThrow(/environment production, not of staging/)
  })

  it('refuses flags that are too old', async () => {
    await writeLastKnown(path, known)
    expect(read('production', 2_000).confirmedAtMs).toBe(1_000)
    expect(() => read('production', 2_001)).toThrow(/1001 ms old, more than 1000 ms/)
  })

  it.each([
    ['torn', '{"schemaVersion": 1, "env'],
    ['of another version', '{"schemaVersion":2,"environment":"production","confirmedAtMs":1000}'],
    ['without a time', '{"schemaVersion":1,"environment":"production"}'],
    [
      'with a bad share',
      '{"schemaVersion":1,"environment":"production","confirmedAtMs":1000,"shares":{"a":7}}',
    ],
    [
      'with something unknown',
      '{"schemaVersion":1,"environment":"production","confirmedAtMs":1000,"flags":{}}',
    ],
  ])('refuses a file that is %s', (_what, text) => {
    writeFileSync(path, text)
    expect(() => read()).toThrow()
  })

  it('takes a file without tables for flags that say nothing', () => {
    writeFileSync(path, '{"schemaVersion":1,"environment":"production","confirmedAtMs":1000}')
    expect(read().values).toEqual({ enabled: undefined, shares: {}, shadows: {} })
  })
})

describe('LastKnownWriter', () => {
  it('ends with the newest flags however fast they change', async () => {
    const writer = new LastKnownWriter(path)
    for (let step = 0; step <= 100; step++) {
      writer.note({ ...known, values: { ...values, shares: { portals: step / 100 } } })
    }
    await writer.flush()
    expect(read().values.shares).toEqual({ portals: 1 })
  })

  it('does not write again for flags that are the same, until the file lags behind', async () => {
    const writer = new LastKnownWriter(path)
    writer.note(known)
    await writer.flush()
    const before = readFileSync(path, 'utf8')
    writer.note({ ...known, confirmedAtMs: 60_999 })
    await writer.flush()
    expect(readFileSync(path, 'utf8')).toBe(before)
    writer.note({ ...known, confirmedAtMs: 61_000 })
    await writer.flush()
    expect(readFileSync(path, 'utf8')).toContain('"confirmedAtMs": 61000')
  })

  it('warns once when it cannot write, and throws nothing', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const writer = new LastKnownWriter(join(directory, 'none', 'flags.json'))
    writer.note(known)
    await writer.flush()
    writer.note({ ...known, values: {} })
    await writer.flush()
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('last known flags: ENOENT'), 'PgferryWarning')
    warn.mockRestore()
  })

  it('has nothing to wait for before anything was noted', async () => {
    await expect(new LastKnownWriter(path).flush()).resolves.toBeUndefined()
  })
})
