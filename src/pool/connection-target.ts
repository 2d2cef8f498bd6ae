import type { ClientConfig } from 'pg'
import { InvalidOptionError } from '../core/errors'
import { isRecord, nearestName } from '../core/options'

/** A `pg` config, a URL, or a function called before each new connection (rotating user and password). */
export type ConnectionSource = string | ClientConfig | (() => Promise<ClientConfig>)

/** Where a connection goes, without anything secret. */
export interface ConnectionTarget {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

const expected =
  'a URL such as postgresql://user@host:5432/database, a pg config object, or a function that returns one'

/** Refuses what can never become a connection; nothing of the value is repeated, it may hold a password. */
export function checkConnectionSource(option: string, source: unknown): asserts source is ConnectionSource {
  if (typeof source === 'function') return
  if (isRecord(source)) {
    for (const [name, value] of Object.entries(source)) checkField(`${option}.${name}`, name, value)
    return
  }
  if (typeof source !== 'string') throw new InvalidOptionError(option, source, expected)
  // A path is a socket directory, as libpq and pg take it.
  if (source.startsWith('/')) return
  const url = parseUrl(source)
  if (url === undefined || !['postgres:', 'postgresql:', 'socket:'].includes(url.protocol)) {
    const protocol =
      url === undefined || !source.includes('://')
        ? 'no URL at all'
        : `a URL that begins with ${url.protocol}//`
    throw new InvalidOptionError(option, source, `${expected}; this is ${protocol}`)
  }
}

/** What `pg` reads of the config of a client. */
const clientFields: readonly string[] = [
  ...['connectionString', 'host', 'port', 'database', 'user', 'password', 'ssl', 'sslnegotiation', 'stream'],
  ...[
    'keepAlive',
    'keepAliveInitialDelayMillis',
    'connectionTimeoutMillis',
    'enableChannelBinding',
    'options',
  ],
  ...['statement_timeout', 'query_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'types'],
  ...[
    'application_name',
    'fallback_application_name',
    'client_encoding',
    'replication',
    'binary',
    'pipeline',
  ],
]

/** What a `pg.Pool` reads of the same object, and where it belongs here. */
const poolFields: Readonly<Record<string, string>> = {
  max: '`pool.max`',
  min: '`pool.min`',
  maxUses: '`pool.maxUses`',
  idleTimeoutMillis: '`pool.idleTimeoutMs`',
  maxLifetimeSeconds: '`pool.maxLifetimeMs`, in milliseconds',
  maxConnections: '`pool.max`',
  allowExitOnIdle: 'the drop-in `Pool`; a service is closed',
}

/** Refuses what would be ignored without a word: options of the pool, and slips of the pen. Other fields may be a newer driver's. */
function checkField(option: string, name: string, value: unknown): void {
  if (value === undefined || clientFields.includes(name)) return
  const place = Object.hasOwn(poolFields, name) ? poolFields[name] : undefined
  if (place !== undefined)
    throw new InvalidOptionError(option, value, `no option of the pool here; it belongs to ${place}`)
  const nearest = nearestName(name, clientFields)
  if (nearest !== undefined)
    throw new InvalidOptionError(option, value, `a field that pg knows (did you mean '${nearest}'?)`)
}

/** The config of the next connection. */
export async function resolveConnectionConfig(source: ConnectionSource): Promise<ClientConfig> {
  if (typeof source === 'string') return { connectionString: source }
  if (typeof source !== 'function') return source
  const config: unknown = await source()
  if (!isRecord(config))
    throw new TypeError('the function given as `connection` must resolve with a pg config object')
  return config
}

/** What `pg` will connect to: the URL, then the config's fields, then `PGHOST` and its sisters, then `pg`'s defaults. */
export function describeTarget(config: ClientConfig, env: NodeJS.ProcessEnv = process.env): ConnectionTarget {
  const url = config.connectionString === undefined ? undefined : parseUrl(config.connectionString)
  const user = decode(url?.username) || (config.user ?? env['PGUSER'] ?? env['USER'] ?? '(none)')
  return {
    host: url?.hostname || (config.host ?? env['PGHOST'] ?? 'localhost'),
    port: Number(url?.port || (config.port ?? env['PGPORT'] ?? 5432)),
    database: decode(url?.pathname.slice(1)) || (config.database ?? env['PGDATABASE'] ?? user),
    user,
  }
}

/** The same connection to another host; a URL says its host louder than the fields beside it, so it is rewritten. */
export function configForHost(
  config: ClientConfig,
  { host, port }: { readonly host: string; readonly port: number },
): ClientConfig {
  const { connectionString, ...rest } = config
  if (connectionString === undefined) return { ...config, host, port }
  const url = parseUrl(connectionString)
  if (url === undefined) return { ...rest, host, port }
  url.searchParams.delete('host')
  url.searchParams.delete('port')
  // A socket directory has no place in the authority of a URL.
  url.hostname = host.startsWith('/') ? 'localhost' : host.includes(':') ? `[${host}]` : host
  url.port = String(port)
  if (host.startsWith('/')) url.searchParams.set('host', host)
  return { ...rest, connectionString: url.href }
}

function decode(text = ''): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A per cent sign that begins no code: as it stands it still tells where the connection goes.
    return text
  }
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    // The error repeats its input, which may hold a password; that it is no URL is all there is to know.
    return undefined
  }
}
