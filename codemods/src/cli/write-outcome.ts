import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import pc from 'picocolors'
import type { CommandOutcome } from '../commands/command'
import { CodemodError, describeCause } from '../project/codemod-error'
import type { Paint } from '../report/paint'
import { plainPaint } from '../report/paint'
import type { CliContext, OutputStream } from './streams'

/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string
  readonly json?: string
  readonly html?: string
  readonly sarif?: string
  readonly quiet?: boolean
  /** False with `--no-color`. */
  readonly color?: boolean
}

/**
 * Results to standard output, remarks to standard error. `--json -` replaces the report by JSON; `--json FILE` adds the
 * file, `--html FILE` a page, `--sarif FILE` what code scanning reads. A result that is text already, such as a diff, takes the report's place, and the report goes to standard error.
 *
 * @throws CodemodError `WRITE_FAILED` when a report file cannot be written.
 */
export function writeOutcome(
  outcome: CommandOutcome,
  options: CommonOptions,
  context: CliContext,
  version: string,
): void {
  const { stdout, stderr, cwd } = context
  const isQuiet = options.quiet === true
  if (!isQuiet) for (const note of outcome.notes) stderr.write(`note: ${note}\n`)
  if (options.html !== undefined && outcome.html !== undefined)
    writeReportFile('--html', options.html, outcome.html(), cwd)
  if (options.sarif !== undefined && outcome.sarif !== undefined)
    writeReportFile('--sarif', options.sarif, `${JSON.stringify(outcome.sarif(version), null, 2)}\n`, cwd)
  const json = `${JSON.stringify(outcome.json, null, 2)}\n`
  if (options.json === '-') {
    stdout.write(json)
    return
  }
  if (options.json !== undefined) writeReportFile('--json', options.json, json, cwd)
  if (outcome.output === undefined) {
    stdout.write(outcome.render(paintFor(stdout, options, context)))
    return
  }
  stdout.write(outcome.output)
  if (!isQuiet) stderr.write(outcome.render(paintFor(stderr, options, context)))
}

/** What went wrong and what to do, on standard error; with `--json -` also as an object on standard output. */
export function writeError(error: CodemodError, options: CommonOptions, context: CliContext): void {
  const paint = paintFor(context.stderr, options, context)
  const lines = [
    `${paint.red(`pgferry: ${error.title}:`)} ${error.message}`,
    ...error.details.map((detail) => `  ${detail}`),
    `hint: ${error.hint}`,
  ]
  context.stderr.write(`${lines.join('\n')}\n`)
  if (options.json !== '-') return
  const { code, message, details, hint } = error
  context.stdout.write(
    `${JSON.stringify({ schemaVersion: 1, error: { code, message, details, hint } }, null, 2)}\n`,
  )
}

/** Colours on a terminal, unless `--no-color` or NO_COLOR says otherwise. */
function paintFor(stream: OutputStream, options: CommonOptions, { env }: CliContext): Paint {
  const wantsColor = options.color !== false && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  return stream.isTTY === true && wantsColor ? pc.createColors(true) : plainPaint
}

function writeReportFile(option: string, named: string, text: string, cwd: string): void {
  try {
    writeFileSync(resolve(cwd, named), text)
  } catch (cause) {
    throw new CodemodError('WRITE_FAILED', `${option}: ${named}: ${describeCause(cause)}`, [], {
      hint: 'Name a file in a folder that exists.',
      cause,
    })
  }
}
