import { chown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import type { Clock } from '../core/clock'
import { copyTree } from './data-template'
import { EmbeddedPostgresError } from './embedded-postgres-error'
import { pollUntil } from './poll-until'
import { runServer, type PostgresServer, type PostgresStandby, type ServerSpec } from './postgres-server'
import type { ServerAccount } from './server-account'

/** What a copy of a running server leaves behind or starts with empty. */
const FILES_LEFT_OUT = ['postmaster.pid', 'postmaster.opts']
const EMPTY_DIRECTORIES = [
  'pg_wal',
  'pg_replslot',
  'pg_stat_tmp',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
]

/** Copies `primary` and starts the copy as a streaming standby in `spec.directory`. */
export async function runStandby(
  primary: PostgresServer,
  primaryDirectory: string,
  spec: ServerSpec,
  clock: Clock,
): Promise<PostgresStandby> {
  await copyRunningCluster(primary, join(primaryDirectory, 'data'), spec)
  const conninfo = `host=${primary.host} port=${primary.port} user=${primary.user} application_name=standby`
  const server = await runServer(
    { ...spec, settings: { ...spec.settings, primary_conninfo: conninfo } },
    [],
    clock,
  )
  try {
    await waitForStreaming(server, clock)
  } catch (error) {
    await server.stop('immediate')
    throw error
  }
  const promote = async (): Promise<void> => {
    const [row] = await server.query('SELECT pg_promote(true, 20) AS promoted')
    if (row?.['promoted'] === true) return
    throw new EmbeddedPostgresError(
      'POSTGRES_START_FAILED',
      `the standby was not promoted:\n${server.logTail()}`,
    )
  }
  // Property by property, so that `pid` keeps asking instead of being copied.
  return Object.defineProperties({ promote }, Object.getOwnPropertyDescriptors(server)) as PostgresStandby
}

async function copyRunningCluster(primary: PostgresServer, source: string, spec: ServerSpec): Promise<void> {
  const { account, directory } = spec
  const data = join(directory, 'data')
  const session = new Client({ ...primary.connection, ssl: false, connectionTimeoutMillis: 10_000 })
  await session.connect()
  try {
    const names = await backupFunctions(session)
    await session.query(`SELECT ${names.start}`)
    await makeDirectory(data, account)
    const entries = (await readdir(source)).filter(
      (name) => !FILES_LEFT_OUT.includes(name) && !EMPTY_DIRECTORIES.includes(name),
    )
    await copyTree(
      entries.map((name) => join(source, name)),
      data,
      { account, cwd: directory },
    )
    for (const name of EMPTY_DIRECTORIES) await makeDirectory(join(data, name), account)
    const { rows } = await session.query<{ labelfile: string }>(`SELECT labelfile FROM ${names.stop}`)
    await writeOwned(join(data, 'backup_label'), rows[0]?.labelfile ?? '', account)
    await writeOwned(join(data, 'standby.signal'), '', account)
  } finally {
    await session.end()
  }
}

async function backupFunctions(session: Client): Promise<{ start: string; stop: string }> {
  const { rows } = await session.query<{ major: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  )
  return (rows[0]?.major ?? 0) >= 15
    ? { start: "pg_backup_start('standby', true)", stop: 'pg_backup_stop(false)' }
    : { start: "pg_start_backup('standby', true, false)", stop: 'pg_stop_backup(false, false)' }
}

async function waitForStreaming(standby: PostgresServer, clock: Clock): Promise<void> {
  const isStreaming = async (): Promise<boolean> => {
    const rows = await standby.query("SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'")
    return rows.length > 0
  }
  if (await pollUntil(isStreaming, { clock, timeoutMs: 15_000, intervalMs: 25 })) return
  throw new EmbeddedPostgresError(
    'POSTGRES_START_FAILED',
    `the standby does not stream:\n${standby.logTail()}`,
  )
}

async function makeDirectory(path: string, account: ServerAccount | undefined): Promise<void> {
  await mkdir(path, { mode: 0o700 })
  if (account !== undefined) await chown(path, account.uid, account.gid)
}

async function writeOwned(path: string, text: string, account: ServerAccount | undefined): Promise<void> {
  await writeFile(path, text, { mode: 0o600 })
  if (account !== undefined) await chown(path, account.uid, account.gid)
}
