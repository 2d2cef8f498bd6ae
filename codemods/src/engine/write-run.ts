import { basename, dirname, join } from 'node:path'
import { CodemodError, describeCause } from '../project/codemod-error'
import type { FileOperations } from './file-operations'
import { sha256 } from './file-operations'
import type { JournalFile, JournalRun } from './journal'
import { journalPath, nextRunId, writeJournal } from './journal'

/** New bytes for one file; `before` is what it held when the run was planned. */
export interface FileChange {
  readonly package: string
  /** Relative to the root, with forward slashes. */
  readonly path: string
  /** Null: there is no such file, and the run makes it. */
  readonly before: Buffer | null
  /** Null: the run deletes the file. */
  readonly after: Buffer | null
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
    id: nextRunId(root, files, request.command),
    command: request.command,
    state: 'writing',
    startedAt: request.startedAt.toISOString(),
    reverts: request.reverts ?? {},
    files: changes.map((change) => toJournalFile(root, change, files)),
  }
  try {
    writeJournal(root, run, files)
    for (const change of changes) prepare(root, run.id, change, files)
    for (const change of changes) put(root, run.id, change, files)
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
  if (change.before === null) {
    if (files.exists(path)) throw changedMeanwhile(change)
    return
  }
  const { mode } = statOrFail(path, change, files)
  if ((mode & 0o222) === 0) throw new CodemodError('WRITE_FAILED', `${change.path} is read-only`)
  if (!files.read(path).equals(change.before)) throw changedMeanwhile(change)
}

function changedMeanwhile(change: FileChange): CodemodError {
  return new CodemodError('WRITE_FAILED', `${change.path} changed while this run was planned`, [], {
    hint: 'Run again. Nothing was written.',
  })
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
    mode: change.before === null ? (change.mode ?? 0o644) : files.stat(join(root, change.path)).mode,
    before: change.before?.toString('base64') ?? null,
    beforeSha256: change.before === null ? null : sha256(change.before),
    after: change.after?.toString('base64') ?? null,
    afterSha256: change.after === null ? null : sha256(change.after),
  }
}

function prepare(root: string, runId: string, change: FileChange, files: FileOperations): void {
  if (change.after === null) return
  const path = join(root, change.path)
  if (change.before === null) files.makeFolder(dirname(path))
  const identity = files.stat(change.before === null ? dirname(path) : path)
  const temporary = temporaryPath(path, runId)
  files.remove(temporary)
  const mode = change.mode ?? (change.before === null ? 0o644 : identity.mode)
  files.create(temporary, change.after, { ...identity, mode })
}

function put(root: string, runId: string, change: FileChange, files: FileOperations): void {
  const path = join(root, change.path)
  if (change.after !== null) {
    replace(path, runId, files)
    return
  }
  files.remove(path)
  files.syncFolder(dirname(path))
}

function replace(path: string, runId: string, files: FileOperations): void {
  files.rename(temporaryPath(path, runId), path)
  files.syncFolder(dirname(path))
}

function restore(root: string, runId: string, file: JournalFile, files: FileOperations): void {
  const path = join(root, file.path)
  const temporary = temporaryPath(path, runId)
  files.remove(temporary)
  if (hashOf(path, files) === file.beforeSha256) return
  if (file.before === null) {
    files.remove(path)
    files.syncFolder(dirname(path))
    return
  }
  const identity = files.stat(files.exists(path) ? path : dirname(path))
  files.create(temporary, Buffer.from(file.before, 'base64'), { ...identity, mode: file.mode })
  replace(path, runId, files)
}

function isOldOrNew(root: string, file: JournalFile, files: FileOperations): boolean {
  const found = hashOf(join(root, file.path), files)
  return found === file.beforeSha256 || found === file.afterSha256
}

/** Null: there is no such file. */
function hashOf(path: string, files: FileOperations): string | null {
  return files.exists(path) ? sha256(files.read(path)) : null
}

function temporaryPath(path: string, runId: string): string {
  return join(dirname(path), `.${basename(path)}.pgferry-${runId}.tmp`)
}
