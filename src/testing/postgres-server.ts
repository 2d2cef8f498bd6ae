import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Client, type ClientConfig, type QueryResultRow } from 'pg'
import type { Clock } from '../core/clock'
import { SUPERUSER } from './data-template'
import { EmbeddedPostgresError } from './embedded-postgres-error'
import { launchPostmaster, type Postmaster, type StopMode } from './postmaster'
import type { ServerAccount } from './server-account'

const HOST = '127.0.0.1'
const PORT_ATTEMPTS = 10

/** A running PostgreSQL that belongs to this process. */
export interface PostgresServer extends AsyncDisposable {
  readonly host: string
  /** Stays the same over `halt` and `restart`. */
  readonly port: number
  readonly user: string
  /** For `pg`: host, port, user and the database `postgres`; no password is needed. */
  readonly connection: Readonly<Required<Pick<ClientConfig, 'host' | 'port' | 'user' | 'database'>>>
  /** The server's process number. @throws {EmbeddedPostgresError} `POSTGRES_STOPPED` */
  readonly pid: number
  /** Standbys that stream from this server, as many as `replicas` asked for. */
  readonly standbys: readonly PostgresStandby[]
  /** A connection URL, of the database `postgres` by default. */
  url(database?: string): string
  /** Makes an empty database and returns its name, a unique one by default. */
  createDatabase(name?: string): Promise<string>
  /** Drops a database, ending the sessions in it; one that does not exist is fine. */
  dropDatabase(name: string): Promise<void>
  /** Runs one statement as superuser and returns its rows. */
  query(sql: string, values?: readonly unknown[], database?: string): Promise<readonly QueryResultRow[]>
  /** The last lines of the server's log. */
  logTail(lineCount?: number): string
  /** Stops the process and keeps its data, as a machine that went down; `restart()` brings it back. */
  halt(mode?: StopMode): Promise<void>
  /** Stops (if running) and starts again on the same data and port. */
  restart(mode?: StopMode): Promise<void>
  /** Stops the server and its standbys and removes their data. Calling it again does nothing. */
  stop(mode?: StopMode): Promise<void>
}

/** A server that follows another one and answers read-only queries. */
export interface PostgresStandby extends PostgresServer {
  /** Makes it a primary of its own; resolves when it takes writes. */
  promote(): Promise<void>
}

export interface ServerSpec {
  readonly program: string
  readonly account: ServerAccount | undefined
  readonly directory: string
  readonly settings: Readonly<Record<string, string>>
  /** A fixed port; undefined takes a free one. */
  readonly port: number | undefined
  readonly startTimeoutMs: number
}

/**
 * Starts a server on the data in `<directory>/data`.
 *
 * @param standbys - filled by the caller afterwards; they are stopped before the server itself.
 */
export async function runServer(
  spec: ServerSpec,
  standbys: readonly PostgresStandby[],
  clock: Clock,
): Promise<PostgresServer> {
  const launched = await launchOnFreePort(spec, clock)
  const { port } = launched
  const connection = { host: HOST, port, user: SUPERUSER, database: 'postgres' }
  let current: Postmaster | undefined = launched.postmaster
  let isRemoved = false

  const query = (sql: string, values: readonly unknown[] = [], database = 'postgres') =>
    queryOnce({ ...connection, database }, sql, values)

  const halt = async (mode: StopMode = 'fast'): Promise<void> => {
    const stopping = current
    current = undefined
    await stopping?.stop(mode)
  }

  const stop = async (mode: StopMode = 'fast'): Promise<void> => {
    if (isRemoved) return
    isRemoved = true
    await Promise.all(standbys.map((standby) => standby.stop(mode)))
    await halt(mode)
    await rm(spec.directory, { recursive: true, force: true, maxRetries: 3 })
  }

  return {
    host: HOST,
    port,
    user: SUPERUSER,
    connection,
    standbys,
    query,
    halt,
    stop,
    get pid() {
      if (current === undefined || current.hasExited()) {
        throw new EmbeddedPostgresError('POSTGRES_STOPPED', `the server on port ${port} is not running`)
      }
      return current.pid
    },
    url: (database = 'postgres') =>
      `postgresql://${SUPERUSER}@${HOST}:${port}/${encodeURIComponent(database)}`,
    async createDatabase(name = `db_${randomBytes(6).toString('hex')}`) {
      // template0: nobody can be connected to it, so creating never waits for anybody.
      await query(`CREATE DATABASE ${quoteName(name)} TEMPLATE template0`)
      return name
    },
    async dropDatabase(name) {
      await query(`DROP DATABASE IF EXISTS ${quoteName(name)} WITH (FORCE)`)
    },
    logTail: (lineCount = 20) => readLogTail(spec.directory, lineCount),
    async restart(mode: StopMode = 'fast') {
      if (isRemoved) {
        throw new EmbeddedPostgresError('POSTGRES_STOPPED', `the server on port ${port} was stopped for good`)
      }
      await halt(mode)
      current = await launchPostmaster({ ...spec, port }, clock)
    },
    [Symbol.asyncDispose]: () => stop('immediate'),
  }
}

async function launchOnFreePort(
  spec: ServerSpec,
  clock: Clock,
): Promise<{ port: number; postmaster: Postmaster }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = spec.port ?? (await findFreePort())
    try {
      return { port, postmaster: await launchPostmaster({ ...spec, port }, clock) }
    } catch (error) {
      // Between asking for a free port and using it, somebody else may have taken it.
      const isTaken = error instanceof EmbeddedPostgresError && error.code === 'POSTGRES_PORT_IN_USE'
      if (!isTaken || spec.port !== undefined || attempt >= PORT_ATTEMPTS) throw error
    }
  }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, HOST, () => {
      const address = probe.address()
      probe.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port)
        else reject(new Error('no free port'))
      })
    })
  })
}

async function queryOnce(
  config: ClientConfig,
  sql: string,
  values: readonly unknown[],
): Promise<readonly QueryResultRow[]> {
  const client = new Client({ ...config, ssl: false, connectionTimeoutMillis: 10_000 })
  // A session that the server ends under us also rejects its query; nothing is lost by not listening twice.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<QueryResultRow>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function readLogTail(directory: string, lineCount: number): string {
  const file = join(directory, 'server.log')
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lineCount).join('\n') : ''
}
