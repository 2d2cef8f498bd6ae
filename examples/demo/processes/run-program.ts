import { spawn } from 'node:child_process'
import { appendFile } from 'node:fs/promises'

export interface ProgramOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Standard output and error are added here. */
  readonly logFile: string
  readonly timeoutMs?: number
  /** Exit codes that are fine; default 0 alone. */
  readonly expected?: readonly number[]
  /** Ends the program when it aborts. */
  readonly signal?: AbortSignal
}

export interface ProgramResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a Node program to its end.
 *
 * @throws Error when it ends with a code that was not expected, or not in time: with its last lines and its log.
 */
export async function runNode(args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  return runProgram(process.execPath, args, options)
}

/** The same for any program. */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const { cwd, env = {}, logFile, timeoutMs = 90_000, expected = [0], signal } = options
  const called = [file, ...args].map((part) => part.split(/[\\/]/).pop()).join(' ')
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const onAbort = (): void => {
    child.kill('SIGKILL')
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted === true) onAbort()
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const late = new AbortController()
  const timer = setTimeout(() => {
    late.abort()
    child.kill('SIGKILL')
  }, timeoutMs)
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      resolve(code ?? -1)
    })
  }).finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  })
  // Only now is the program gone: whoever aborted may clean up behind it.
  signal?.throwIfAborted()
  await appendFile(logFile, `$ ${called}\n${stdout}${stderr}exit code ${exitCode}\n\n`)
  if (late.signal.aborted) throw new Error(`${called} did not end within ${timeoutMs} ms; see ${logFile}`)
  if (!expected.includes(exitCode)) {
    throw new Error(`${called} ended with code ${exitCode}; see ${logFile}\n${lastLines(stdout + stderr)}`)
  }
  return { exitCode, stdout, stderr }
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-12).join('\n')
}
