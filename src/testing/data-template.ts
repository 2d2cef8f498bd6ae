import { existsSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error'
import { runProgram } from './run-program'
import type { ServerAccount } from './server-account'
import { moveUnlessThere, type PostgresBinaries } from './usable-binaries'
import type { WorkArea } from './work-area'

/** The name of the superuser of every test server; any local connection is trusted. */
export const SUPERUSER = 'postgres'

export interface ClusterPlace {
  readonly area: WorkArea
  readonly account: ServerAccount | undefined
  readonly binaries: PostgresBinaries
  /** The directory of the server; its data go to `data` in it. */
  readonly directory: string
}

/** Makes a fresh cluster in `<directory>/data` by copying one that `initdb` made earlier; the first call runs `initdb`. */
export async function createCluster(place: ClusterPlace): Promise<string> {
  const { account, directory } = place
  const template = templatePath(place)
  if (!existsSync(template)) {
    const draft = join(directory, 'template')
    await initialise(draft, place)
    await moveUnlessThere(draft, template)
  }
  const data = join(directory, 'data')
  await copyTree([template], data, { account, cwd: directory })
  return data
}

/** Forgets the template (temporary directories get cleaned file by file), so that the next cluster comes from `initdb`. */
export async function discardTemplate(place: ClusterPlace): Promise<void> {
  await rm(templatePath(place), { recursive: true, force: true })
}

/** Copies files or directories with owners and modes, under the server's account. */
export async function copyTree(
  sources: readonly string[],
  target: string,
  { account, cwd }: { account: ServerAccount | undefined; cwd: string },
): Promise<void> {
  if (process.platform === 'win32') {
    for (const source of sources) await cp(source, target, { recursive: true })
    return
  }
  const { status, stderr } = await runProgram('cp', ['-Rp', ...sources, target], { account, cwd })
  if (status !== 0) {
    throw new EmbeddedPostgresError('POSTGRES_START_FAILED', `copying to ${target} failed: ${stderr.trim()}`)
  }
}

function templatePath({ area, account, binaries }: ClusterPlace): string {
  return join(area.templates, `${binaries.version}-${process.arch}-${String(account?.uid ?? 'own')}`)
}

async function initialise(data: string, { account, binaries, directory }: ClusterPlace): Promise<void> {
  const args = ['-D', data, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  const { status, stdout, stderr } = await runProgram(binaries.initdb, args, { account, cwd: directory })
  if (status === 0) return
  const lastLines = `${stdout}\n${stderr}`.trim().split('\n').slice(-10).join('\n')
  throw new EmbeddedPostgresError(
    'POSTGRES_START_FAILED',
    `initdb of ${binaries.origin} failed:\n${lastLines}`,
  )
}
