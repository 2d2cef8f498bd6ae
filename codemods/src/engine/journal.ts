import { join } from 'node:path'
import { CodemodError, describeCause } from '../project/codemod-error'
import { compareText } from '../project/find-workspace'
import type { FileOperations } from './file-operations'

/** One file as a run found it and as it left it. */
export interface JournalFile {
  readonly package: string
  /** Relative to the root, with forward slashes. */
  readonly path: string
  readonly mode: number
  /** Base64; null: there was no such file (a revert that makes a deleted one anew). */
  readonly before: string | null
  readonly beforeSha256: string | null
  /** Base64; what a three-way merge starts from. Null: the run deleted the file. */
  readonly after: string | null
  readonly afterSha256: string | null
}

/** One writing run. `writing` means that it was interrupted, unless the process still lives. */
export interface JournalRun {
  readonly schemaVersion: 1
  /** Ordered: `000001-migrate` comes before `000002-revert`. */
  readonly id: string
  readonly command: 'migrate' | 'cleanup' | 'revert'
  readonly state: 'writing' | 'done'
  /** ISO 8601. */
  readonly startedAt: string
  /** For a revert: the run that each package went back over. */
  readonly reverts: Readonly<Record<string, string>>
  readonly files: readonly JournalFile[]
}

/** Folder of everything that pgferry keeps beside a workspace. */
export function stateFolder(root: string): string {
  return join(root, '.pgferry')
}

export function journalPath(root: string, id: string): string {
  return join(stateFolder(root), 'journal', `${id}.json`)
}

/**
 * Every run on record, oldest first.
 *
 * @throws CodemodError `READ_FAILED` naming a journal that does not parse.
 */
export function readJournal(root: string, files: FileOperations): readonly JournalRun[] {
  return [...eachRun(root, files)]
}

/**
 * The same, one at a time: a record holds its files whole, and there may be many.
 *
 * @throws CodemodError `READ_FAILED` naming a journal that does not parse, when its turn comes.
 */
export function* eachRun(root: string, files: FileOperations): Iterable<JournalRun> {
  for (const name of runNames(root, files)) yield readRun(join(stateFolder(root), 'journal', name), files)
}

export function nextRunId(root: string, files: FileOperations, command: JournalRun['command']): string {
  const last = Number.parseInt(runNames(root, files).at(-1) ?? '0', 10)
  return `${String(last + 1).padStart(6, '0')}-${command}`
}

function runNames(root: string, files: FileOperations): readonly string[] {
  return files
    .list(join(stateFolder(root), 'journal'))
    .filter((name) => name.endsWith('.json'))
    .sort(compareText)
}

/** Replaces the record of a run in one step: a reader sees the old or the new one. */
export function writeJournal(root: string, run: JournalRun, files: FileOperations): void {
  const path = journalPath(root, run.id)
  const folder = join(stateFolder(root), 'journal')
  files.makeFolder(folder)
  keepOutOfVersionControl(root, files)
  files.remove(`${path}.tmp`)
  files.create(`${path}.tmp`, Buffer.from(`${JSON.stringify(run, null, 2)}\n`))
  files.rename(`${path}.tmp`, path)
  files.syncFolder(folder)
}

/** The last migrate or cleanup of a package that is not reverted yet. */
export function lastMigrateOf(runs: readonly JournalRun[], packageName: string): JournalRun | undefined {
  const reverted = new Set(runs.filter((run) => run.state === 'done').map((run) => run.reverts[packageName]))
  return runs.findLast(
    (run) =>
      run.command !== 'revert' &&
      run.state === 'done' &&
      !reverted.has(run.id) &&
      run.files.some((file) => file.package === packageName),
  )
}

/** What is kept beside a workspace is this machine's own. */
export function keepOutOfVersionControl(root: string, files: FileOperations): void {
  const path = join(stateFolder(root), '.gitignore')
  if (!files.exists(path)) files.create(path, Buffer.from('*\n'))
}

function readRun(path: string, files: FileOperations): JournalRun {
  try {
    const run: unknown = JSON.parse(files.read(path).toString('utf8'))
    if (isRun(run)) return run
  } catch (cause) {
    throw new CodemodError('READ_FAILED', `the journal ${path} cannot be read: ${describeCause(cause)}`, [], {
      cause,
    })
  }
  throw new CodemodError('READ_FAILED', `the journal ${path} was not written by this version of pgferry`)
}

function isRun(value: unknown): value is JournalRun {
  const run = value as Partial<JournalRun> | null
  return (
    run?.schemaVersion === 1 &&
    typeof run.id === 'string' &&
    Array.isArray(run.files) &&
    typeof run.reverts === 'object'
  )
}
