import type { ClientConfig } from 'pg'
import { ConnectFailedError } from '../core/errors'
import { describeTarget, type ConnectionTarget } from './connection-target'

/** What a failure means and what a user can do about it. */
interface FailureAdvice {
  readonly matches: (code: string, message: string) => boolean
  readonly problem: (target: ConnectionTarget, message: string) => string
  readonly advice: string
  /** Whether the next attempt may succeed without anybody changing anything. */
  readonly isRetryable: boolean
}

const adviceTable: readonly FailureAdvice[] = [
  {
    matches: (code) => code === 'ECONNREFUSED',
    problem: () => 'nothing accepts connections there',
    advice: 'Start PostgreSQL, or correct host and port',
    isRetryable: true,
  },
  {
    matches: (code) => code === 'ENOTFOUND' || code === 'EAI_AGAIN',
    problem: ({ host }) => `the host name ${host} cannot be resolved`,
    advice: 'Correct the host name, or look at the DNS of this machine',
    isRetryable: true,
  },
  {
    // A certificate file that is missing has the same code.
    matches: (code, message) => code === 'ENOENT' && message.startsWith('connect'),
    problem: () => 'there is no such socket',
    advice: 'Start PostgreSQL, or correct the socket directory given as host',
    isRetryable: true,
  },
  {
    matches: (code) => code === '28P01',
    problem: ({ user }) => `the server refused the password of user ${user}`,
    advice: 'Correct user and password of this connection',
    isRetryable: false,
  },
  {
    matches: (_, message) => message.includes('password must be a'),
    problem: ({ user }) => `the server asks for a password of user ${user}, and none was given`,
    advice: 'Put a password into the connection, or set PGPASSWORD',
    isRetryable: false,
  },
  {
    matches: (code) => code === '28000',
    problem: ({ user }, message) => `the server refused user ${user} (${message})`,
    advice: 'Create the role with LOGIN, or allow it in pg_hba.conf',
    isRetryable: false,
  },
  {
    matches: (code) => code === '3D000',
    problem: ({ database }) => `there is no database ${database}`,
    advice: 'Create it, or correct the database name',
    isRetryable: false,
  },
  {
    matches: (code) => code === '53300',
    problem: () => 'the server has no free connection',
    advice: "Lower the pool's max, or raise max_connections of the server",
    isRetryable: true,
  },
  {
    matches: (code) => code === '57P03',
    problem: (_, message) => `the server takes no connections now (${message})`,
    advice: 'Wait until it has started, then try again',
    isRetryable: true,
  },
  {
    matches: (code, message) => code === 'ETIMEDOUT' || /timeout|timed out/i.test(message),
    problem: () => 'it did not answer in time',
    advice: 'Look for a firewall or a wrong host, or raise connectTimeoutMs',
    isRetryable: true,
  },
  {
    matches: (_, message) => message.includes('does not support SSL'),
    problem: () => 'it does not speak TLS',
    advice: 'Turn it on at the server, or connect without ssl',
    isRetryable: false,
  },
]

/**
 * The error for a connection that could not be opened. It names host, port and database, never the password; `cause` is
 * the driver's own error.
 */
export function createConnectFailedError(
  cause: unknown,
  config: ClientConfig | undefined,
): ConnectFailedError {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (config === undefined) {
    return new ConnectFailedError(
      `could not connect: the function given as \`connection\` failed (${message})`,
      { cause },
    )
  }
  const target = describeTarget(config)
  const code = codeOf(cause)
  const found = adviceTable.find((entry) => entry.matches(code, message))
  const where = `${target.host}:${String(target.port)}, database ${target.database}`
  const problem = found?.problem(target, message) ?? message
  const advice = found === undefined ? '' : `. ${found.advice}.`
  return new ConnectFailedError(`could not connect to ${where}: ${problem}${advice}`, {
    cause,
    isRetryable: found?.isRetryable ?? true,
  })
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}
