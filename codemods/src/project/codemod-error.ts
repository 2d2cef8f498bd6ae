/**
 * Every way a command can end without doing its work: exit status, title and hint in one table. Documentation and tests
 * read the same table.
 */
export const codemodErrors = {
  USAGE: { exit: 2, title: 'wrong usage', hint: 'See `pgferry --help`.' },
  CONFIG_NOT_FOUND: {
    exit: 2,
    title: 'no configuration',
    hint: 'Run `pgferry init` to write pgferry.config.ts, or name one with --config.',
  },
  CONFIG_INVALID: {
    exit: 2,
    title: 'invalid configuration',
    hint: 'Correct the named options and run again.',
  },
  CONFIG_EXISTS: { exit: 2, title: 'configuration exists', hint: 'Use --force to overwrite it.' },
  PACKAGE_OUTSIDE_ROOT: {
    exit: 2,
    title: 'package outside the workspace root',
    hint: 'Only packages below the folder of the configuration can be changed; run pgferry in the other workspace.',
  },
  RUN_IN_PROGRESS: {
    exit: 2,
    title: 'another run is writing',
    hint: 'Wait until it ends. If it was killed, the next run cleans up by itself.',
  },
  PACKAGE_NOT_FOUND: { exit: 3, title: 'package not found', hint: 'Name one of the known packages.' },
  WORK_TREE_DIRTY: {
    exit: 4,
    title: 'work tree dirty',
    hint: 'Commit or stash these files first, or pass --allow-dirty.',
  },
  EDITED_SINCE: {
    exit: 4,
    title: 'files were edited since the migrate',
    hint: 'Pass --merge to keep these edits and take back the migration around them, or undo them first.',
  },
  MERGE_CONFLICT: {
    exit: 4,
    title: 'later edits touch migrated lines',
    hint: 'Undo the edits in the named places, or revert with your version control.',
  },
  SOURCE_SYNTAX: {
    exit: 5,
    title: 'source does not parse',
    hint: 'Correct the syntax and run again. Nothing was written.',
  },
  READ_FAILED: {
    exit: 6,
    title: 'file cannot be read',
    hint: 'Check the permissions of the file. Nothing was written.',
  },
  WRITE_FAILED: {
    exit: 6,
    title: 'file cannot be written',
    hint: 'Check the permissions and the free space. Whatever had been written was taken back: the sources are as before.',
  },
  RECOVERY_FAILED: {
    exit: 6,
    title: 'an interrupted run could not be taken back',
    hint: 'Restore the named files from version control, then delete the named journal.',
  },
  COMMIT_FAILED: {
    exit: 6,
    title: 'git did not commit',
    hint: 'See what git says. The files of this package are as before; earlier packages are committed.',
  },
  INTERRUPTED: {
    exit: 130,
    title: 'interrupted',
    hint: 'Nothing was written. Run the same command again.',
  },
  INTERNAL: {
    exit: 6,
    title: 'internal error',
    hint: 'This is a defect of pgferry; please report it. Nothing was written.',
  },
} as const satisfies Record<string, { exit: number; title: string; hint: string }>

export type CodemodErrorCode = keyof typeof codemodErrors

/** A run that ended early: what was wrong, the places, and what to do next. */
export class CodemodError extends Error {
  override readonly name = 'CodemodError'
  readonly exitCode: number
  readonly title: string
  readonly hint: string

  /** `details` are the single places, one line each; `hint` replaces the one of the table. */
  constructor(
    readonly code: CodemodErrorCode,
    message: string,
    readonly details: readonly string[] = [],
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    const entry = codemodErrors[code]
    this.exitCode = entry.exit
    this.title = entry.title
    this.hint = options.hint ?? entry.hint
  }
}

/** What an unknown thrown value says, in one line. Errors of another realm (a configuration's) count as errors. */
export function describeCause(cause: unknown): string {
  const message = (cause as { readonly message?: unknown } | null | undefined)?.message
  const text = typeof message === 'string' ? message : String(cause)
  return text.split('\n', 1)[0] ?? text
}
