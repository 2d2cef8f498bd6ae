import { join, resolve } from 'node:path'
import { assertNever } from '../model/assert-never'
import type { FileOperations } from '../engine/file-operations'
import { sha256 } from '../engine/file-operations'
import { eachRun } from '../engine/journal'
import { CodemodError } from '../project/codemod-error'
import { readWorkTreeStatus } from '../project/git-status'
import type { Workspace, WorkspacePackage } from '../project/workspace'

/**
 * Refuses to mix rewrites with uncommitted work of the same packages. The configuration, and files that are exactly as an
 * earlier run of ours left them, do not count. Returns remarks.
 *
 * @throws CodemodError `WORK_TREE_DIRTY` with the files.
 */
export function requireCleanWorkTree(
  workspace: Workspace,
  packages: readonly WorkspacePackage[],
  files: FileOperations,
): readonly string[] {
  const status = readWorkTreeStatus(
    workspace.root,
    packages.map(({ path }) => path),
  )
  switch (status.kind) {
    case 'no-repository':
      return [
        'not a git repository: no check for uncommitted work; `pgferry revert` still takes this run back',
      ]
    case 'unknown':
      throw new CodemodError(
        'WORK_TREE_DIRTY',
        `git cannot tell whether the work tree is clean: ${status.why}`,
        [],
        {
          hint: 'Mend that, or pass --allow-dirty.',
        },
      )
    case 'repository': {
      const written = filesAsWeLeftThem(workspace.root, files)
      const dirty = status.dirtyFiles.filter((path) => !isOurs(workspace, path) && !written.has(path))
      if (dirty.length === 0) return []
      throw new CodemodError('WORK_TREE_DIRTY', 'the named packages have uncommitted work', dirty)
    }
    default:
      return assertNever(status)
  }
}

/** @throws CodemodError `USAGE` where there is nothing to commit to. */
export function requireRepository(root: string): void {
  if (readWorkTreeStatus(root, ['.']).kind === 'no-repository')
    throw new CodemodError('USAGE', '--commit: this is not a git repository')
}

function isOurs(workspace: Workspace, path: string): boolean {
  return path.startsWith('.pgferry/') || resolve(workspace.root, path) === workspace.configPath
}

function filesAsWeLeftThem(root: string, files: FileOperations): ReadonlySet<string> {
  const latest = new Map<string, string | null>()
  for (const run of eachRun(root, files))
    for (const file of run.files) latest.set(file.path, file.afterSha256)
  const isUnchanged = ([path, hash]: readonly [string, string | null]): boolean => {
    const absolute = join(root, path)
    return (files.exists(absolute) ? sha256(files.read(absolute)) : null) === hash
  }
  return new Set([...latest].filter(isUnchanged).map(([path]) => path))
}
