import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../core/clock'
import { EmbeddedPostgresError } from './embedded-postgres-error'
import { pollUntil } from './poll-until'
import { serverEnvironment } from './run-program'
import type { ServerAccount } from './server-account'

/** How a server is told to stop: `fast` ends sessions and shuts down in order, `immediate` is a crash. */
export type StopMode = 'fast' | 'immediate'

export interface PostmasterSpec {
  readonly program: string
  readonly account: ServerAccount | undefined
  /** The server's own directory: data in `data`, log in `server.log`. */
  readonly directory: string
  readonly port: number
  readonly settings: Readonly<Record<string, string>>
  readonly startTimeoutMs: number
}

/** One running server process. */
export interface Postmaster {
  readonly pid: number
  hasExited(): boolean
  /** Resolves when the process is gone; harder signals follow when it does not obey. */
  stop(mode: StopMode): Promise<void>
}

const STOP_TIMEOUT_MS = 10_000

/**
 * Starts a server and waits until it takes connections. It never outlives this process, however this process ends.
 *
 * @throws {EmbeddedPostgresError} `POSTGRES_PORT_IN_USE`, or `POSTGRES_START_FAILED` with the last lines of its log.
 */
export async function launchPostmaster(spec: PostmasterSpec, clock: Clock): Promise<Postmaster> {
  const logFile = join(spec.directory, 'server.log')
  const logStart = existsSync(logFile) ? statSync(logFile).size : 0
  const { child, failure } = spawnPostmaster(spec, logFile)
  const { pid } = child
  const hasExited = (): boolean =>
    child.exitCode !== null || child.signalCode !== null || failure() !== undefined
  const releaseGuard = pid === undefined ? () => undefined : guardAgainstOurDeath(pid, spec.directory)
  const logSince = (): string => readFileSync(logFile, 'utf8').slice(logStart)

  const stop = async (mode: StopMode): Promise<void> => {
    child.ref()
    const signals =
      mode === 'fast' ? (['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) : (['SIGQUIT', 'SIGKILL'] as const)
    for (const signal of signals) {
      if (hasExited()) break
      child.kill(signal)
      await pollUntil(hasExited, { clock, timeoutMs: STOP_TIMEOUT_MS, intervalMs: 5 })
    }
    releaseGuard()
  }

  const isReady = (): boolean => /ready to accept (read-only )?connections/.test(logSince())
  await pollUntil(() => hasExited() || isReady(), { clock, timeoutMs: spec.startTimeoutMs })
  if (pid !== undefined && !hasExited() && isReady()) return { pid, hasExited, stop }

  const hadExited = hasExited()
  await stop('immediate')
  throw explainFailure(spec, hadExited, failure(), logSince())
}

function spawnPostmaster(
  { program, account, directory, port, settings }: PostmasterSpec,
  logFile: string,
): { child: ChildProcess; failure: () => Error | undefined } {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(port), ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // The log goes to a file, not to a pipe: a busy test process must not hold up its server.
  const log = openSync(logFile, 'a')
  const child = spawn(program, ['-D', join(directory, 'data'), ...args], {
    cwd: directory,
    env: serverEnvironment(),
    stdio: ['ignore', log, log],
    // Ctrl-C in the terminal is for the tests; they stop their server in order.
    detached: true,
    ...account,
  })
  closeSync(log)
  let failure: Error | undefined
  child.once('error', (error) => (failure = error))
  // A server that somebody forgot to stop does not keep the process alive.
  child.unref()
  return { child, failure: () => failure }
}

/** $1 is the server's process, $2 its directory. A dead process that nobody has collected yet (Z) counts as gone. */
const GUARD_SCRIPT = `
if read -r _; then exit 0; fi
is_alive() {
  kill -0 "$1" 2>/dev/null || return 1
  case "$(cat "/proc/$1/stat" 2>/dev/null)" in *") Z "*) return 1 ;; esac
}
kill -QUIT "$1" 2>/dev/null
n=0
while is_alive "$1" && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
if is_alive "$1"; then kill -KILL "$1"; fi
rm -rf -- "$2"
`

/**
 * Leaves a small shell waiting at the other end of a pipe. When this process is gone, by whatever signal, the pipe
 * closes; the shell then stops the server and removes its directory. No signal handlers are needed in this process.
 *
 * @returns what sends the shell away.
 */
function guardAgainstOurDeath(pid: number, directory: string): () => void {
  if (process.platform === 'win32') {
    const onExit = (): void => {
      process.kill(pid)
    }
    process.once('exit', onExit)
    return () => process.off('exit', onExit)
  }
  const guard = spawn('/bin/sh', ['-c', GUARD_SCRIPT, 'pgferry-guard', String(pid), directory], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  // Without its pipe being let go of too, this process could not end by itself.
  const pipe = guard.stdin as typeof guard.stdin & { unref?: () => void }
  pipe.unref?.()
  // The guard is a second line of defence; that it is gone already does not matter to a server that stops in order.
  guard.on('error', () => undefined)
  pipe.on('error', () => undefined)
  return () => {
    pipe.end('stop\n')
  }
}

function explainFailure(
  { port, startTimeoutMs }: PostmasterSpec,
  hadExited: boolean,
  failure: Error | undefined,
  log: string,
): EmbeddedPostgresError {
  const lastLines = log.trim().split('\n').slice(-15).join('\n')
  if (/could not (bind|create any TCP)/.test(log)) {
    return new EmbeddedPostgresError(
      'POSTGRES_PORT_IN_USE',
      `port ${port} of 127.0.0.1 is in use:\n${lastLines}`,
    )
  }
  const what =
    failure?.message ?? (hadExited ? 'the server ended' : `it was not ready within ${startTimeoutMs} ms`)
  return new EmbeddedPostgresError('POSTGRES_START_FAILED', `PostgreSQL did not start: ${what}\n${lastLines}`)
}
