import { spawn } from 'node:child_process'
import type { ServerAccount } from './server-account'

export interface ProgramResult {
  /** Exit status; undefined when the program could not be started or was ended by a signal. */
  readonly status: number | undefined
  readonly stdout: string
  /** Standard error, or why the program could not be started. */
  readonly stderr: string
}

export interface ProgramOptions {
  /** Runs under this account instead of the caller's own. */
  readonly account: ServerAccount | undefined
  readonly cwd: string
  readonly timeoutMs?: number
}

/** Runs a short-lived program to its end. Never rejects: how it went is in the result. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const { account, cwd, timeoutMs = 60_000 } = options
  return new Promise((resolve) => {
    const child = spawn(file, [...args], {
      cwd,
      env: serverEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...account,
    })
    // Not spawn's own timeout: its timer goes on, and holds up the process, when the program could not be started.
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', (error) => {
      clearTimeout(timer)
      resolve({ status: undefined, stdout, stderr: error.message })
    })
    child.once('close', (status) => {
      clearTimeout(timer)
      resolve({ status: status ?? undefined, stdout, stderr })
    })
  })
}

/** What PostgreSQL's programs get to see of the environment: nothing of the caller's PG* variables, locale or time zone. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot } = process.env
  return {
    LC_ALL: 'C',
    TZ: 'UTC',
    PATH: PATH ?? '/usr/bin:/bin',
    ...(SystemRoot === undefined ? {} : { SystemRoot }),
  }
}
