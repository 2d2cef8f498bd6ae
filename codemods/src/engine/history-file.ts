import { join } from 'node:path'
import type { HistoryEntry } from '../report/run-history'
import { parseHistory } from '../report/run-history'
import type { FileOperations } from './file-operations'
import { keepOutOfVersionControl, stateFolder } from './journal'

/** Where `migrate` notes what it left, one line a run; `scan --history` notes elsewhere. */
export function historyPath(root: string): string {
  return join(stateFolder(root), 'history.jsonl')
}

/** Recorded runs, as written; none when there is no file. */
export function readHistory(path: string, files: FileOperations): readonly HistoryEntry[] {
  return files.exists(path) ? parseHistory(files.read(path).toString('utf8')) : []
}

/** Adds a line, replacing the file in one step, and returns all entries. */
export function appendHistory(
  path: string,
  entry: HistoryEntry,
  files: FileOperations,
): readonly HistoryEntry[] {
  const before = files.exists(path) ? files.read(path).toString('utf8') : ''
  const text = `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${JSON.stringify(entry)}\n`
  files.remove(`${path}.tmp`)
  files.create(`${path}.tmp`, Buffer.from(text))
  files.rename(`${path}.tmp`, path)
  return parseHistory(text)
}

/** The same beside the journal, in a folder that may have to be made. */
export function appendRunHistory(
  root: string,
  entry: HistoryEntry,
  files: FileOperations,
): readonly HistoryEntry[] {
  files.makeFolder(stateFolder(root))
  keepOutOfVersionControl(root, files)
  return appendHistory(historyPath(root), entry, files)
}
