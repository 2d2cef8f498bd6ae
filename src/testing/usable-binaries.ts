import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, realpath, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { EmbeddedPostgresError, systemErrorCode } from './embedded-postgres-error'
import {
  binaryPackageName,
  findBinaryCandidates,
  hasServer,
  programPath,
  BINARY_OVERRIDE,
  type BinaryCandidate,
  type BinarySearch,
} from './postgres-binaries'
import { runProgram, type ProgramResult } from './run-program'
import type { ServerAccount } from './server-account'
import type { WorkArea } from './work-area'

/** Programs that the server's account has been seen to run. */
export interface PostgresBinaries {
  readonly postgres: string
  readonly initdb: string
  /** As the server says it: "15.18". */
  readonly version: string
  readonly major: number
  readonly origin: string
}

export interface BinaryUse {
  readonly search: BinarySearch
  readonly account: ServerAccount | undefined
  readonly area: WorkArea
  /** A directory of this process for half-made copies. */
  readonly scratch: string
}

/**
 * Finds a server of the wanted version and makes it runnable for the server's account: links that an installation
 * without scripts left out are made, and what the account cannot reach is copied into the work area, once.
 *
 * @param version - a major ("15" or 15), a release ("15.18") or a package version; undefined takes the first found.
 * @throws {EmbeddedPostgresError} `POSTGRES_NOT_FOUND`, `POSTGRES_VERSION_UNAVAILABLE` or `POSTGRES_UNUSABLE`.
 */
export async function usePostgresBinaries(
  version: string | undefined,
  use: BinaryUse,
): Promise<PostgresBinaries> {
  const candidates = findBinaryCandidates(use.search)
  const refusals: string[] = []
  let hasOtherVersion = false
  for (const candidate of candidates) {
    const known = candidate.versions
    if (version !== undefined && known.length > 0 && known[0] !== version.split('.')[0]) {
      refusals.push(`${candidate.origin}: version ${known.at(-1) ?? ''}`)
      hasOtherVersion = true
      continue
    }
    const outcome = await tryCandidate(candidate, use)
    if (typeof outcome === 'string') {
      // Whoever names a directory wants that one: falling through to another server would hide the mistake.
      if (candidate.origin === BINARY_OVERRIDE)
        throw unusable(`${BINARY_OVERRIDE}=${candidate.bin}: ${outcome}`)
      refusals.push(`${candidate.origin}: ${outcome}`)
    } else if (
      version === undefined ||
      [...known, outcome.version, String(outcome.major)].includes(version)
    ) {
      return outcome
    } else {
      refusals.push(`${candidate.origin}: version ${outcome.version}`)
      hasOtherVersion = true
    }
  }
  throw explainMissing(version, refusals, hasOtherVersion, use.search)
}

async function tryCandidate(candidate: BinaryCandidate, use: BinaryUse): Promise<PostgresBinaries | string> {
  if (!hasServer(candidate.bin)) return 'there are no programs postgres and initdb in this directory'
  const areLinksComplete = await restoreLinks(dirname(candidate.bin))
  const probe = areLinksComplete ? await askVersion(candidate.bin, use) : undefined
  if (probe?.status === 0) return describe(candidate.bin, candidate.origin, probe)
  const isSelfContained = existsSync(join(dirname(candidate.bin), 'share'))
  if (!isSelfContained) return `postgres does not run: ${probe?.stderr.trim() ?? 'links are missing'}`
  const bin = await copyOnce(candidate.bin, use)
  const second = await askVersion(bin, use)
  return second.status === 0
    ? describe(bin, candidate.origin, second)
    : `postgres does not run: ${second.stderr.trim()}`
}

function askVersion(bin: string, { account, area }: BinaryUse): Promise<ProgramResult> {
  return runProgram(programPath(bin, 'postgres'), ['--version'], {
    account,
    cwd: area.root,
    timeoutMs: 10_000,
  })
}

function describe(bin: string, origin: string, { stdout }: ProgramResult): PostgresBinaries {
  const version = /(\d+)(\.\d+)*/.exec(stdout)?.[0] ?? ''
  return {
    postgres: programPath(bin, 'postgres'),
    initdb: programPath(bin, 'initdb'),
    version,
    major: Number(version.split('.')[0]),
    origin,
  }
}

/**
 * npm packages carry no symbolic links; the packages of the binaries list theirs in a file and make them in a
 * postinstall script, which `--ignore-scripts` leaves out.
 *
 * @returns false when links are missing and this place cannot be written to.
 */
async function restoreLinks(root: string): Promise<boolean> {
  for (const { source, target } of await readLinkList(root)) {
    if (existsSync(target)) continue
    try {
      await symlink(relative(dirname(target), source), target)
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false
      // Another process makes the same links at the same time.
      if (code !== 'EEXIST') throw error
    }
  }
  return true
}

async function readLinkList(root: string): Promise<readonly { source: string; target: string }[]> {
  const list = join(root, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[]
  // Paths start with the name of the directory itself: "native/lib/…".
  const locate = (path: string): string => resolve(root, path.split('/').slice(1).join('/'))
  return links
    .map(({ source, target }) => ({ source: locate(source), target: locate(target) }))
    .filter(({ target }) => !relative(root, target).startsWith('..'))
}

/** Copies the programs with their libraries to where the server's account reaches them; later starts find the copy. */
async function copyOnce(bin: string, { area, scratch }: BinaryUse): Promise<string> {
  const root = dirname(await realpath(bin))
  const { size, mtimeMs } = await stat(programPath(bin, 'postgres'))
  const key = createHash('sha256').update(`${root} ${size} ${mtimeMs}`).digest('hex').slice(0, 16)
  const final = join(area.binaries, key)
  const copiedBin = join(final, 'bin')
  if (hasServer(copiedBin)) return copiedBin
  const draft = join(scratch, 'binaries')
  await runOrThrow('cp', ['-R', root, draft], scratch)
  await runOrThrow('chmod', ['-R', 'u+w,a+rX', draft], scratch)
  await restoreLinks(draft)
  await moveUnlessThere(draft, final)
  return copiedBin
}

async function runOrThrow(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { status, stderr } = await runProgram(program, args, { account: undefined, cwd })
  if (status !== 0) throw unusable(`copying the server's programs failed: ${stderr.trim()}`)
}

/** Puts a finished directory in its place in one step; when another process was faster, its copy serves. */
export async function moveUnlessThere(draft: string, final: string): Promise<void> {
  try {
    await rename(draft, final)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error
    await rm(draft, { recursive: true, force: true })
  }
}

function unusable(message: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError('POSTGRES_UNUSABLE', message)
}

function explainMissing(
  version: string | undefined,
  refusals: readonly string[],
  hasOtherVersion: boolean,
  search: BinarySearch,
): EmbeddedPostgresError {
  const advice =
    `install the npm package ${binaryPackageName(search)} (an exact version such as 15.18.0-beta.17), or a system ` +
    `package such as postgresql-15, or set ${BINARY_OVERRIDE} to a directory that holds postgres and initdb`
  const found = refusals.length === 0 ? '' : `; found ${refusals.join('; ')}`
  return hasOtherVersion && version !== undefined
    ? new EmbeddedPostgresError(
        'POSTGRES_VERSION_UNAVAILABLE',
        `no PostgreSQL ${version} on this machine${found}; ${advice}`,
      )
    : new EmbeddedPostgresError(
        'POSTGRES_NOT_FOUND',
        `no PostgreSQL server that can be started${found}; ${advice}`,
      )
}
