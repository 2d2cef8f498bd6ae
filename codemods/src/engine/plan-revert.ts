import { join } from 'node:path'
import { CodemodError } from '../project/codemod-error'
import type { FileOperations } from './file-operations'
import { sha256 } from './file-operations'
import type { JournalFile, JournalRun } from './journal'
import { lastMigrateOf } from './journal'
import { mergeThreeWay } from './three-way-merge'
import type { FileChange } from './write-run'

export interface RevertPlan {
  readonly changes: readonly FileChange[]
  /** Package name to the run that it goes back over. */
  readonly reverts: Readonly<Record<string, string>>
  /** Paths whose later edits are kept. */
  readonly merged: readonly string[]
  /** Packages with nothing to go back over. */
  readonly untouched: readonly string[]
}

/**
 * What takes the named packages back over their last migrate. Pure: reads files, writes nothing.
 *
 * @throws CodemodError `EDITED_SINCE` with the paths, or with `merge` `MERGE_CONFLICT` with paths and lines.
 */
export function planRevert(
  root: string,
  runs: readonly JournalRun[],
  packageNames: readonly string[],
  options: { readonly merge: boolean; readonly files: FileOperations },
): RevertPlan {
  const targets = packageNames.map((name) => ({ name, run: lastMigrateOf(runs, name) }))
  const reverts = Object.fromEntries(
    targets.flatMap(({ name, run }) => (run === undefined ? [] : [[name, run.id]])),
  )
  const states = targets.flatMap(({ name, run }) =>
    (run?.files ?? []).filter((file) => file.package === name).map((file) => planFile(root, file, options)),
  )
  const problems = states.flatMap((state) => (state.kind === 'refused' ? [state.problem] : []))
  if (problems.length > 0) {
    throw options.merge
      ? new CodemodError(
          'MERGE_CONFLICT',
          `${countFiles(problems.length)} cannot be merged; nothing was written`,
          problems,
        )
      : new CodemodError(
          'EDITED_SINCE',
          `${countFiles(problems.length)} ${problems.length === 1 ? 'differs' : 'differ'} from what the run wrote; nothing was written`,
          problems,
        )
  }
  return {
    changes: states.flatMap((state) => (state.kind === 'change' ? [state.change] : [])),
    reverts,
    merged: states.flatMap((state) => (state.kind === 'change' && state.isMerged ? [state.change.path] : [])),
    untouched: targets.flatMap(({ name, run }) => (run === undefined ? [name] : [])),
  }
}

type FileState =
  | { readonly kind: 'change'; readonly change: FileChange; readonly isMerged: boolean }
  | { readonly kind: 'restored' }
  | { readonly kind: 'refused'; readonly problem: string }

function planFile(
  root: string,
  file: JournalFile,
  options: { readonly merge: boolean; readonly files: FileOperations },
): FileState {
  const path = join(root, file.path)
  const current = options.files.exists(path) ? options.files.read(path) : null
  const found = current === null ? null : sha256(current)
  const original = file.before === null ? null : Buffer.from(file.before, 'base64')
  const change = { package: file.package, path: file.path, before: current, mode: file.mode }
  if (found === file.beforeSha256) return { kind: 'restored' }
  if (found === file.afterSha256)
    return { kind: 'change', change: { ...change, after: original }, isMerged: false }
  if (current === null) return { kind: 'refused', problem: `${file.path}: deleted` }
  if (file.after === null || original === null)
    return { kind: 'refused', problem: `${file.path}: written anew after it was deleted` }
  if (!options.merge) return { kind: 'refused', problem: `${file.path}: edited` }
  const merged = mergeThreeWay(
    Buffer.from(file.after, 'base64').toString('utf8'),
    original.toString('utf8'),
    current.toString('utf8'),
  )
  if (merged.kind === 'conflict') {
    const lines = `${String(merged.firstLine)}-${String(merged.lastLine)}`
    return { kind: 'refused', problem: `${file.path}: the edit touches migrated lines ${lines}` }
  }
  return { kind: 'change', change: { ...change, after: Buffer.from(merged.text) }, isMerged: true }
}

function countFiles(count: number): string {
  return count === 1 ? '1 file' : `${String(count)} files`
}
