import { readJournal } from '../engine/journal'
import { planRevert } from '../engine/plan-revert'
import type { PackageFindings } from '../engine/run-package'
import { writeRun } from '../engine/write-run'
import { CodemodError } from '../project/codemod-error'
import { commitFiles } from '../project/git-commit'
import { countSites } from '../report/run-report'
import { countOf } from '../report/render-table'
import type { CommandDeps } from './command'

/** Writes what was planned, all packages in one run or none. Returns remarks. */
export function writeTogether(
  root: string,
  findings: readonly PackageFindings[],
  deps: CommandDeps,
): readonly string[] {
  const changes = findings.flatMap((entry) => entry.changes)
  if (changes.length === 0) return ['nothing to rewrite; no file was written']
  const id = writeRun({ root, command: 'migrate', startedAt: deps.now(), changes }, deps.files)
  const undo = `pgferry revert ${[...new Set(changes.map((change) => change.package))].join(' ')}`
  return [
    `${countOf(changes.length, 'file')} written (run ${id}); \`${undo}\` takes ${changes.length === 1 ? 'it' : 'them'} back`,
  ]
}

/**
 * Writes and commits one package after the other; the files of a package whose commit fails are put back. Returns remarks.
 *
 * @throws CodemodError `COMMIT_FAILED` naming the package.
 */
export function writeAndCommit(
  root: string,
  findings: readonly PackageFindings[],
  deps: CommandDeps,
): readonly string[] {
  const changed = findings.filter(({ changes }) => changes.length > 0)
  if (changed.length === 0) return ['nothing to rewrite; no file was written and nothing committed']
  return changed.map((entry) => {
    const { changes, target } = entry
    const id = writeRun({ root, command: 'migrate', startedAt: deps.now(), changes }, deps.files)
    const paths = changes.map(({ path }) => path)
    try {
      commitFiles(root, paths, commitMessage(entry, id))
    } catch (cause) {
      takeBack(root, target.name, deps)
      throw cause instanceof CodemodError ? withPackage(cause, target.name) : cause
    }
    return `${target.name}: ${countOf(paths.length, 'file')} committed (run ${id})`
  })
}

function commitMessage({ target, report, changes }: PackageFindings, runId: string): string {
  const { rewritten, manual, leak } = countSites(report.sites)
  const place = `${countOf(rewritten, 'site')} in ${countOf(changes.length, 'file')}`
  const left = manual + leak
  const rest =
    left === 0
      ? 'No site is left.'
      : `${countOf(left, 'site')} ${left === 1 ? 'is' : 'are'} left: ${String(manual)} manual, ${String(leak)} leaking.`
  return `Migrate ${target.name} to the connection service: ${place}\n\n${rest} Rewritten by pgferry, run ${runId}.\n`
}

function takeBack(root: string, name: string, deps: CommandDeps): void {
  const { changes, reverts } = planRevert(root, readJournal(root, deps.files), [name], {
    merge: false,
    files: deps.files,
  })
  writeRun({ root, command: 'revert', startedAt: deps.now(), changes, reverts }, deps.files)
}

function withPackage({ code, message, details, hint }: CodemodError, name: string): CodemodError {
  return new CodemodError(code, `package "${name}": ${message}`, details, { hint })
}
