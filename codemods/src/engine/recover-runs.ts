import type { FileOperations } from './file-operations'
import type { JournalRun } from './journal'
import { eachRun } from './journal'
import { undoRun } from './write-run'

/** Runs that were killed while they wrote. */
export function findInterruptedRuns(root: string, files: FileOperations): readonly JournalRun[] {
  const found: JournalRun[] = []
  for (const run of eachRun(root, files)) if (run.state === 'writing') found.push(run)
  return found
}

/** Takes back every interrupted run, the latest first, and says what was done. Needs the run lock. */
export function recoverInterruptedRuns(root: string, files: FileOperations): readonly string[] {
  return [...findInterruptedRuns(root, files)].reverse().map((run) => {
    files.uninterrupted(() => {
      undoRun(root, run, files)
    })
    return `${run.id} had been interrupted; its ${String(run.files.length)} files are as they were before it`
  })
}
