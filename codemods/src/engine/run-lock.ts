import { join } from 'node:path'
import { CodemodError, describeCause } from '../project/codemod-error'
import type { FileOperations } from './file-operations'
import { stateFolder } from './journal'

export interface LockDeps {
  readonly files: FileOperations
  readonly processId: number
  isProcessAlive(processId: number): boolean
}

/**
 * Runs `work` as the only writing run of a workspace.
 *
 * @throws CodemodError `RUN_IN_PROGRESS` naming the process that holds the lock.
 */
export function withRunLock<T>(root: string, deps: LockDeps, work: () => T): T {
  const release = takeRunLock(root, deps)
  try {
    return work()
  } finally {
    release()
  }
}

/**
 * Makes this process the only one that writes in a workspace, until what is returned is called. The lock of a process that no longer
 * lives is taken over.
 *
 * @throws CodemodError `RUN_IN_PROGRESS` naming the process that holds it.
 */
export function takeRunLock(root: string, deps: LockDeps): () => void {
  const { files, processId } = deps
  const path = join(stateFolder(root), 'lock')
  files.makeFolder(stateFolder(root))
  if (files.exists(path)) {
    const holder = Number(files.read(path).toString('utf8'))
    if (Number.isInteger(holder) && holder > 0 && deps.isProcessAlive(holder)) throw inProgress(holder, path)
    files.remove(path)
  }
  try {
    files.create(path, Buffer.from(String(processId)))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new CodemodError('WRITE_FAILED', `${path}: ${describeCause(cause)}`, [], {
        hint: 'Check the permissions and the free space. Nothing was written.',
        cause,
      })
    }
    throw new CodemodError('RUN_IN_PROGRESS', `another process has just taken ${path}`, [], { cause })
  }
  return () => {
    files.remove(path)
  }
}

/** Whether a process of this machine lives, be it ours or another user's. */
export function isProcessAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function inProgress(holder: number, path: string): CodemodError {
  return new CodemodError('RUN_IN_PROGRESS', `process ${String(holder)} is writing in this workspace`, [], {
    hint: `Wait until it ends. If that process is not pgferry, delete ${path}.`,
  })
}
