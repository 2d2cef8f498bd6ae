import { basename, dirname, join } from 'node:path'
import { CodemodError, describeCause } from '../project/codemod-error'
import type { FileOperations } from './file-operations'
import { sha256 } from './file-operations'
import type { JournalFile, JournalRun } from './journal'
import { journalPath, nextRunId, readJournal, writeJournal } from './journal'

/** New bytes for one file; `before` is what it held when the run was planned. */
export interface FileChange {
  readonly package: string
  /** Relative to the root, with forward slashes. */
  readonly path: string
  readonly before: Buffer
  readonly after: Buffer
  /** Permission bits to leave the file with; absent: as they are. */
  readonly mode?: number
}

export interface WriteRequest {
  readonly root: string
  readonly command: JournalRun['command']
  readonly startedAt: Date
  readonly changes: readonly FileChange[]
  readonly reverts?: Readonly<Record<string, string>>
}

/**
 * Writes all changes or none. The journal comes first; then every new content is on disk beside its file; only then are
 * the files replaced, each by one rename. A failure takes everything back; a killed process is taken back by the next run.
 *
 * @returns the id of the run.
 * @throws CodemodError `WRITE_FAILED`; `RECOVERY_FAILED` when taking back failed too.
 */
export function writeRun(request: WriteRequest, files: FileOperations): string {
  return files.uninterrupted(() => writeAll(request, files))
}

function writeAll(request: WriteRequest, files: FileOperations): string {
  const { root, changes } = request
  for (const change of changes) checkWritable(root, change, files)
  const run: JournalRun = {
    schemaVersion: 1,
    id: nextRunId(readJournal(root, files), request.command),
    command: request.command,
    state: 'writing',
    startedAt: request.startedAt.toISOString(),
    reverts: request.reverts ?? {},
    files: changes.map((change) => toJournalFile(root, change, files)),
  }
  try {
    writeJournal(root, run, files)
    for (const change of changes) prepare(root, run.id, change, files)
    for (const change of changes) replace(join(root, change.path), run.id, files)
    writeJournal(root, { ...run, state: 'done' }, files)
    return run.id
  } catch (cause) {
    const message = `${request.command} stopped: ${describeCause(cause)}`
    undoRun(root, run, files)
    throw new CodemodError('WRITE_FAILED', message, [], { cause })
  }
}

/**
 * Puts every file of an unfinished run back to its old bytes and removes what the run left, the journal last. Safe to
 * repeat.
 *
 * @throws CodemodError `RECOVERY_FAILED` naming files that somebody else has changed meanwhile, or the failure.
 */
export function undoRun(root: string, run: JournalRun, files: FileOperations): void {
  try {
    const foreign = run.files.filter((file) => !isOldOrNew(root, file, files))
    if (foreign.length > 0) {
      const paths = foreign.map((file) => file.path)
      throw new CodemodError('RECOVERY_FAILED', `files were edited after ${run.id} was interrupted`, [
        ...paths,
        journalPath(root, run.id),
      ])
    }
    for (const file of run.files) restore(root, run.id, file, files)
    files.remove(`${journalPath(root, run.id)}.tmp`)
    files.remove(journalPath(root, run.id))
  } catch (cause) {
    if (cause instanceof CodemodError) throw cause
    throw new CodemodError('RECOVERY_FAILED', describeCause(cause), [journalPath(root, run.id)], {
      cause,
      hint: 'Remove the cause and run any pgferry command that writes: it takes the run back from this journal.',
    })
  }
}

function checkWritable(root: string, change: FileChange, files: FileOperations): void {
  const path = join(root, change.path)
  const { mode } = statOrFail(path, change, files)
  if ((mode & 0o222) === 0) throw new CodemodError('WRITE_FAILED', `${change.path} is read-only`)
  if (!files.read(path).equals(change.before)) {
    throw new CodemodError('WRITE_FAILED', `${change.path} changed while this run was planned`, [], {
      hint: 'Run again. Nothing was written.',
    })
  }
}

function statOrFail(
  path: string,
  change: FileChange,
  files: FileOperations,
): ReturnType<FileOperations['stat']> {
  try {
    return files.stat(path)
  } catch (cause) {
    throw new CodemodError('WRITE_FAILED', `${change.path}: ${describeCause(cause)}`, [], { cause })
  }
}

function toJournalFile(root: string, change: FileChange, files: FileOperations): JournalFile {
  return {
    package: change.package,
    path: change.path,
    mode: files.stat(join(root, change.path)).mode,
    before: change.before.toString('base64'),
    beforeSha256: sha256(change.before),
    after: change.after.toString('base64'),
    afterSha256: sha256(change.after),
  }
}

function prepare(root: string, runId: string, change: FileChange, files: FileOperations): void {
  const path = join(root, change.path)
  const identity = files.stat(path)
  const temporary = temporaryPath(path, runId)
  files.remove(temporary)
  files.create(temporary, change.after, { ...identity, mode: change.mode ?? identity.mode })
}

function replace(path: string, runId: string, files: FileOperations): void {
  files.rename(temporaryPath(path, runId), path)
  files.syncFolder(dirname(path))
}

function restore(root: string, runId: string, file: JournalFile, files: FileOperations): void {
  const path = join(root, file.path)
  const temporary = temporaryPath(path, runId)
  files.remove(temporary)
  if (sha256(files.read(path)) === file.beforeSha256) return
  files.create(temporary, Buffer.from(file.before, 'base64'), { ...files.stat(path), mode: file.mode })
  replace(path, runId, files)
}

function isOldOrNew(root: string, file: JournalFile, files: FileOperations): boolean {
  const path = join(root, file.path)
  if (!files.exists(path)) return false
  const found = sha256(files.read(path))
  return found === file.beforeSha256 || found === file.afterSha256
}

function temporaryPath(path: string, runId: string): string {
  return join(dirname(path), `.${basename(path)}.pgferry-${runId}.tmp`)
}
