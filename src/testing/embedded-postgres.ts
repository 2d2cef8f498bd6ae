import { rm } from 'node:fs/promises'
import { systemClock, type Clock } from '../core/clock'
import { InvalidOptionError } from '../core/errors'
import { createCluster, discardTemplate, type ClusterPlace } from './data-template'
import { EmbeddedPostgresError } from './embedded-postgres-error'
import { systemBinarySearch } from './postgres-binaries'
import { runServer, type PostgresServer, type PostgresStandby, type ServerSpec } from './postgres-server'
import { chooseServerAccount } from './server-account'
import { runStandby } from './standby'
import { usePostgresBinaries } from './usable-binaries'
import { createServerDirectory, openWorkArea, sweepStaleDirectories } from './work-area'

export type { PostgresServer, PostgresStandby } from './postgres-server'

export type PostgresSetting = string | number | boolean

export interface StartPostgresOptions {
  /** A major (15), a release ('15.18') or a package version; default: the first server found on this machine. */
  readonly version?: number | string
  /** Settings of postgresql.conf, for example `{ max_connections: 200 }`; they win over the fast defaults. */
  readonly settings?: Readonly<Record<string, PostgresSetting>>
  /** How many streaming standbys to build; default 0. */
  readonly replicas?: number
  /** A fixed port on 127.0.0.1; default: a free one. */
  readonly port?: number
  /** How long a server may take until it accepts connections, in ms; default 30000. */
  readonly startTimeoutMs?: number
}

export interface StartPostgresDeps {
  readonly clock: Clock
  /** Below which directory servers live; default: the system's own for temporary files. */
  readonly temporaryDirectory: string
}

/** A test server's data need not survive a power cut; that makes everything faster. */
const FAST_SETTINGS: Readonly<Record<string, PostgresSetting>> = {
  fsync: false,
  full_page_writes: false,
  max_connections: 100,
}

/** What a standby needs of its primary: the log since its copy was begun. */
const PRIMARY_SETTINGS: Readonly<Record<string, PostgresSetting>> = { wal_keep_size: '512MB' }

/**
 * Starts a real PostgreSQL on 127.0.0.1 for a test: no installation, no root needed, works as root too.
 *
 * The server ends with this process however that ends, and its data with it; {@link PostgresServer.stop} ends it
 * earlier. Any number may run at a time, over several processes.
 *
 * @throws {InvalidOptionError} for an unknown option or a bad value.
 * @throws {EmbeddedPostgresError} when there is no such server or it does not start; the message says what to do.
 * @example
 * await using postgres = await startPostgres({ version: 15 })
 * const client = new pg.Client(postgres.connection)
 */
export async function startPostgres(
  options: StartPostgresOptions = {},
  deps: Partial<StartPostgresDeps> = {},
): Promise<PostgresServer> {
  const { version, replicas, port, startTimeoutMs, settings } = checkOptions(options)
  const clock = deps.clock ?? systemClock
  const account = chooseServerAccount()
  const area = await openWorkArea(account, deps.temporaryDirectory)
  await sweepStaleDirectories(area, clock)
  const directory = await createServerDirectory(area, account)
  const standbys: PostgresStandby[] = []
  try {
    const binaries = await usePostgresBinaries(version, {
      search: systemBinarySearch(),
      account,
      area,
      scratch: directory,
    })
    const base = { program: binaries.postgres, account, startTimeoutMs }
    const primarySettings = renderSettings({
      ...FAST_SETTINGS,
      ...(replicas > 0 ? PRIMARY_SETTINGS : {}),
      ...settings,
    })
    const spec = { ...base, directory, settings: primarySettings, port }
    const primary = await startOnFreshCluster({ area, account, binaries, directory }, spec, standbys, clock)
    try {
      for (let count = 0; count < replicas; count += 1) {
        const own = await createServerDirectory(area, account)
        const standbySpec = { ...base, directory: own, settings: primarySettings, port: undefined }
        try {
          standbys.push(await runStandby(primary, directory, standbySpec, clock))
        } catch (error) {
          await rm(own, { recursive: true, force: true })
          throw error
        }
      }
    } catch (error) {
      await primary.stop('immediate')
      throw error
    }
    return primary
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

async function startOnFreshCluster(
  place: ClusterPlace,
  spec: ServerSpec,
  standbys: readonly PostgresStandby[],
  clock: Clock,
): Promise<PostgresServer> {
  const data = await createCluster(place)
  try {
    return await runServer(spec, standbys, clock)
  } catch (error) {
    const isTemplateSuspect =
      error instanceof EmbeddedPostgresError && /could not (open|read|access|find)/.test(error.message)
    if (!isTemplateSuspect) throw error
    // Something cleaned the temporary directory file by file: once more, from the beginning.
    await rm(data, { recursive: true, force: true })
    await discardTemplate(place)
    await createCluster(place)
    return await runServer(spec, standbys, clock)
  }
}

interface CheckedOptions {
  readonly version: string | undefined
  readonly settings: Readonly<Record<string, PostgresSetting>>
  readonly replicas: number
  readonly port: number | undefined
  readonly startTimeoutMs: number
}

const OPTION_NAMES: readonly string[] = ['version', 'settings', 'replicas', 'port', 'startTimeoutMs']

function checkOptions(options: StartPostgresOptions): CheckedOptions {
  const unknown = Object.keys(options).find((name) => !OPTION_NAMES.includes(name))
  if (unknown !== undefined) throw new InvalidOptionError(unknown, 'it', `one of ${OPTION_NAMES.join(', ')}`)
  const { version, settings = {}, replicas = 0, port, startTimeoutMs = 30_000 } = options
  if (version !== undefined && !/^\d+(\.[\w-]+)*$/.test(String(version))) {
    throw new InvalidOptionError('version', version, 'a version such as 15 or "15.18"')
  }
  for (const name of Object.keys(settings)) {
    if (!/^[a-z_][\w.]*$/i.test(name))
      throw new InvalidOptionError('settings', name, 'names of PostgreSQL settings')
  }
  checkInteger('replicas', replicas, 0, 8)
  checkInteger('startTimeoutMs', startTimeoutMs, 1, 600_000)
  if (port !== undefined) checkInteger('port', port, 1, 65_535)
  return {
    version: version === undefined ? undefined : String(version),
    settings,
    replicas,
    port,
    startTimeoutMs,
  }
}

function checkInteger(option: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new InvalidOptionError(option, value, `an integer from ${min} to ${max}`)
}

function renderSettings(
  settings: Readonly<Record<string, PostgresSetting>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value),
    ]),
  )
}
