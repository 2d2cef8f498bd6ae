import { readJournal } from '../engine/journal'
import { planRevert } from '../engine/plan-revert'
import { recoverInterruptedRuns } from '../engine/recover-runs'
import { withRunLock } from '../engine/run-lock'
import { writeRun } from '../engine/write-run'
import { CodemodError } from '../project/codemod-error'
import { selectPackages } from '../project/workspace'
import { countOf } from '../report/render-table'
import type { CommandDeps, CommandOutcome } from './command'
import { openConfiguredWorkspace } from './open-workspace'

export interface RevertOptions {
  readonly config?: string
  /** Keep later edits where they do not touch migrated lines. */
  readonly merge?: boolean
}

/** The `--json` of `revert`. */
export interface RevertReport {
  readonly schemaVersion: 1
  readonly command: 'revert'
  readonly root: string
  readonly packages: readonly {
    readonly name: string
    readonly run: string | null
    readonly files: readonly string[]
  }[]
  /** Files whose later edits were kept. */
  readonly merged: readonly string[]
}

/**
 * Puts the files of each named package back to the bytes and modes before its last migrate or cleanup: all or none.
 *
 * @throws CodemodError `EDITED_SINCE`, with `merge` `MERGE_CONFLICT`, and those of writing.
 */
export async function runRevert(
  names: readonly string[],
  options: RevertOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const { workspace } = await openConfiguredWorkspace(deps.cwd, options.config, deps.knowledge)
  if (names.length === 0) throw new CodemodError('USAGE', 'revert: name at least one package')
  const packages = selectPackages(workspace, names, deps.cwd).map(({ name }) => name)
  const { root } = workspace
  return withRunLock(root, deps, () => {
    const recovered = recoverInterruptedRuns(root, deps.files)
    const plan = planRevert(root, readJournal(root, deps.files), packages, {
      merge: options.merge ?? false,
      files: deps.files,
    })
    const { changes, reverts, merged } = plan
    if (Object.keys(reverts).length > 0) {
      writeRun({ root, command: 'revert', startedAt: deps.now(), changes, reverts }, deps.files)
    }
    const report: RevertReport = {
      schemaVersion: 1,
      command: 'revert',
      root: '.',
      packages: packages.map((name) => ({
        name,
        run: reverts[name] ?? null,
        files: changes.filter((change) => change.package === name).map(({ path }) => path),
      })),
      merged,
    }
    return { exitCode: 0, json: report, render: () => renderRevertReport(report), notes: recovered }
  })
}

function renderRevertReport(report: RevertReport): string {
  const lines = report.packages.flatMap(({ name, run, files }) =>
    run === null
      ? [`${name}: there is no migrate or cleanup to take back`]
      : [
          `${name}: ${countOf(files.length, 'file')} as before ${run}`,
          ...files.map((file) => `  ${file}${mergedMark(report, file)}`),
        ],
  )
  return `${lines.join('\n')}\n`
}

function mergedMark(report: RevertReport, file: string): string {
  return report.merged.includes(file) ? '  (later edits kept)' : ''
}
