import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  lstatSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvalidOptionError } from '../../../../src/core/errors'
import { parseFlagsFile, writeFlagsFile } from '../../../../src/ferry/flags/flags-file'

describe('parseFlagsFile', () => {
  it('reads master switch, shares and shadows', () => {
    const text =
      '\uFEFF{ "enabled": true, "components": { "portals": 0.1, "core": true }, "shadow": { "rag": false } }'
    expect(parseFlagsFile(text)).toEqual({
      enabled: true,
      shares: { portals: 0.1, core: 1 },
      shadows: { rag: 0 },
    })
  })

  it('takes an empty object for flags that say nothing', () => {
    expect(parseFlagsFile('{}')).toEqual({ enabled: undefined, shares: {}, shadows: {} })
  })

  it.each([
    ['[]', /flags: received an array/],
    ['null', /expected an object/],
    ['{"component":{}}', /did you mean 'components'/],
    ['{"enabled":"yes"}', /flags\.enabled: received "yes"/],
    ['{"components":[1]}', /flags\.components/],
    ['{"components":{"portals":1.5}}', /flags\.components\.portals: received 1\.5/],
    ['{"components":{"portals":"0.1"}}', /flags\.components\.portals.*true or false/],
    ['{"shadow":{"portals":null}}', /flags\.shadow\.portals/],
  ])('refuses %s', (text, message) => {
    expect(() => parseFlagsFile(text)).toThrow(InvalidOptionError)
    expect(() => parseFlagsFile(text)).toThrow(message)
  })

  it('reports a torn file as bad JSON', () => {
    expect(() => parseFlagsFile('{"components": {"por')).toThrow(SyntaxError)
  })
})

describe('writeFlagsFile', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pgferry-flags-'))
  const path = join(directory, 'flags.json')
  afterAll(() => {
    rmSync(directory, { recursive: true })
  })

  it('writes what parseFlagsFile reads, and leaves nothing beside it', async () => {
    await writeFlagsFile(path, { enabled: true, components: { portals: 0.1 } })
    expect(parseFlagsFile(readFileSync(path, 'utf8'))).toEqual({
      enabled: true,
      shares: { portals: 0.1 },
      shadows: {},
    })
    expect(readdirSync(directory)).toEqual(['flags.json'])
  })

  it('keeps the mode of the file that it replaces', async () => {
    chmodSync(path, 0o660)
    await writeFlagsFile(path, {})
    expect(statSync(path).mode & 0o777).toBe(0o660)
  })

  it('writes through a symbolic link', async () => {
    const link = join(directory, 'link.json')
    symlinkSync(path, link)
    await writeFlagsFile(link, { components: { core: 1 } })
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(path, 'utf8')).toContain('"core": 1')
  })

  it('refuses bad flags before it touches the file', async () => {
    writeFileSync(path, 'before')
    await expect(writeFlagsFile(path, { components: { core: 7 } })).rejects.toThrow(/flags\.components\.core/)
    expect(readFileSync(path, 'utf8')).toBe('before')
  })

  it('rejects with the file system error when the place does not exist, leaving nothing behind', async () => {
    await expect(writeFlagsFile(join(directory, 'none', 'flags.json'), {})).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })

  it('removes its temporary file when the last step fails', async () => {
    // A directory cannot be replaced by a file.
    await expect(writeFlagsFile(directory, {})).rejects.toThrow()
    expect(
      readdirSync(join(directory, '..')).filter(
        (name) => name.endsWith('.tmp') && name.includes('pgferry-flags-'),
      ),
    ).toEqual([])
  })
})
