import { CommanderError } from 'commander'
import type { CommandDeps, CommandOutcome } from '../commands/command'
import { CodemodError, codemodErrors, describeCause } from '../project/codemod-error'
import { createProgress } from './progress'
import { createProgram, type RunCommand } from './program'
import type { CliContext } from './streams'
import type { CommonOptions } from './write-outcome'
import { writeError, writeOutcome } from './write-outcome'

/** What the entry passes in beside streams: the version to print, and the rest of a command's needs. */
export interface MainDeps {
  readonly version: string
  /** Loaded when a command runs, not for help. */
  loadCommandDeps(): Promise<Omit<CommandDeps, 'cwd' | 'onProgress'>>
}

/**
 * The command line as a function: `argv` without the interpreter and the script. Never throws and never exits.
 *
 * @returns the exit code.
 */
export async function main(argv: readonly string[], context: CliContext, deps: MainDeps): Promise<number> {
  let exitCode = 0
  const run: RunCommand = async (options, command) => {
    exitCode = await runOne(command, options, context, deps)
  }
  const program = createProgram(deps.version, run)
  for (const command of [program, ...program.commands.flatMap((one) => [one, ...one.commands])]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
  }
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (cause) {
    if (cause instanceof CommanderError) return cause.exitCode === 0 ? 0 : codemodErrors.USAGE.exit
    writeError(asCodemodError(cause), {}, context)
    return codemodErrors.INTERNAL.exit
  }
}

async function runOne(
  command: (deps: CommandDeps) => Promise<CommandOutcome>,
  options: CommonOptions,
  context: CliContext,
  deps: MainDeps,
): Promise<number> {
  const progress = createProgress(context.stderr, { quiet: options.quiet === true })
  try {
    const loaded = await deps.loadCommandDeps()
    const outcome = await command({
      ...loaded,
      cwd: context.cwd,
      onProgress: (done, total, label) => {
        progress.report(done, total, label)
      },
    })
    progress.end()
    writeOutcome(outcome, options, context, deps.version)
    return outcome.exitCode
  } catch (cause) {
    progress.end()
    const error = asCodemodError(cause)
    writeError(error, options, context)
    return error.exitCode
  }
}

function asCodemodError(cause: unknown): CodemodError {
  return cause instanceof CodemodError
    ? cause
    : new CodemodError('INTERNAL', describeCause(cause), stackOf(cause), { cause })
}

/** The first frames are what a report of a defect needs. */
function stackOf(cause: unknown): string[] {
  const stack = cause instanceof Error ? cause.stack : undefined
  return (stack ?? '')
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, 4)
    .map((line) => line.trim())
}
