import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { chmod, chown, lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../core/clock'
import { EmbeddedPostgresError, systemErrorCode } from './embedded-postgres-error'
import { pollUntil } from './poll-until'
import { canTraverse, type ServerAccount } from './server-account'

/** Where this user's test servers live and what they share: `servers/`, `templates/`, `binaries/`. */
export interface WorkArea {
  readonly root: string
  readonly servers: string
  readonly templates: string
  readonly binaries: string
}

/**
 * Opens (and at first makes) the work area below the temporary directory, or below `/tmp` when the server's account
 * cannot enter that one.
 *
 * @throws {EmbeddedPostgresError} `POSTGRES_UNUSABLE` when somebody else owns the place.
 */
export async function openWorkArea(
  account: ServerAccount | undefined,
  temporary = tmpdir(),
): Promise<WorkArea> {
  const parent = canTraverse(temporary, account) ? temporary : '/tmp'
  const uid = process.getuid?.()
  const root = join(parent, `pgferry-${uid === undefined ? userInfo().username : String(uid)}`)
  await mkdir(root, { recursive: true, mode: 0o755 })
  const found = await lstat(root)
  const isOurs = found.isDirectory() && (uid === undefined || found.uid === uid)
  if (!isOurs) {
    throw new EmbeddedPostgresError(
      'POSTGRES_UNUSABLE',
      `${root} belongs to somebody else: remove it, or set TMPDIR to a directory of your own`,
    )
  }
  // A strict umask must not lock out the server's account; nobody else may write here in any case.
  await chmod(root, 0o755)
  const area = {
    root,
    servers: join(root, 'servers'),
    templates: join(root, 'templates'),
    binaries: join(root, 'binaries'),
  }
  for (const directory of [area.servers, area.templates, area.binaries]) {
    await mkdir(directory, { recursive: true })
    await chmod(directory, 0o755)
  }
  return area
}

/** Makes a directory for one server, owned by its account; the name says which process it lives and dies with. */
export async function createServerDirectory(
  area: WorkArea,
  account: ServerAccount | undefined,
): Promise<string> {
  const directory = join(area.servers, `${ownerTag(process.pid)}-${randomBytes(4).toString('hex')}`)
  await mkdir(directory, { mode: 0o700 })
  if (account !== undefined) await chown(directory, account.uid, account.gid)
  return directory
}

/** Removes what processes left behind that died without cleaning up; ends their servers first. */
export async function sweepStaleDirectories(area: WorkArea, clock: Clock): Promise<void> {
  for (const name of await readdir(area.servers)) {
    const tag = /^(\d+)-(\d+)-(\d+)-[0-9a-f]+$/.exec(name)
    if (tag === null || isOwnerAlive(Number(tag[1]), name)) continue
    const directory = join(area.servers, name)
    try {
      await endOrphan(directory, clock)
      await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    } catch (error) {
      // Another process sweeps the same leftovers at the same time; whatever stays is swept at a later start.
      if (systemErrorCode(error) === undefined) throw error
    }
  }
}

function isOwnerAlive(pid: number, name: string): boolean {
  const [, , namespace] = name.split('-')
  // Another container's process numbers mean nothing here: its directories are not ours to judge.
  if (namespace !== processNamespace()) return true
  return isProcessAlive(pid) && name.startsWith(`${ownerTag(pid)}-`)
}

/** Process number, start time and namespace: three numbers that no later process repeats, even under the same number. */
function ownerTag(pid: number): string {
  return `${String(pid)}-${processStartTicks(pid)}-${processNamespace()}`
}

function processStartTicks(pid: number): string {
  return processStat(pid)[19] ?? '0'
}

/** The fields of /proc/<pid>/stat from the third (the state) on; none where there is no such file. */
function processStat(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    // The second field is the program's name in brackets and may itself hold blanks and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    // Gone, or a system without /proc: the process number has to do.
    return []
  }
}

function processNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    // As above.
    return '0'
  }
}

/** Whether a process runs; one that is dead and was only not collected by its parent does not. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return systemErrorCode(error) === 'EPERM'
  }
  return processStat(pid)[0] !== 'Z'
}

async function endOrphan(directory: string, clock: Clock): Promise<void> {
  const data = join(directory, 'data')
  const pid = Number((await readIfPresent(join(data, 'postmaster.pid'))).split('\n')[0])
  if (!Number.isInteger(pid) || pid <= 1) return
  // The number may belong to somebody else by now: only a process that names our directory is our server.
  if (!(await readIfPresent(`/proc/${String(pid)}/cmdline`)).includes(data)) return
  process.kill(pid, 'SIGQUIT')
  await pollUntil(() => !isProcessAlive(pid), { clock, timeoutMs: 5000 })
}

async function readIfPresent(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return ''
  }
}
