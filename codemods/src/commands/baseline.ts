import { join } from 'node:path'
import type { FileOperations } from '../engine/file-operations'
import type { PackageFindings } from '../engine/run-package'
import type { Baseline, BaselineEntry } from '../project/baseline'
import { baselineFileName, formatBaseline, parseBaseline } from '../project/baseline'
import { CodemodError } from '../project/codemod-error'
import { selectPackages } from '../project/workspace'
import { isLegacySite } from '../report/check-report'
import { countOf } from '../report/render-table'
import type { CommandDeps, CommandOutcome, PackageOptions } from './command'
import { lookAtPackages } from './look-at-packages'
import { openConfiguredWorkspace } from './open-workspace'

/**
 * Puts the ratchet on: writes down the legacy sites and leaks of the named packages, all when none is named. From then on `check`
 * refuses more of either. Entries of other packages stay.
 *
 * @throws CodemodError `SOURCE_SYNTAX` when a package cannot be judged whole.
 */
export async function runBaseline(
  names: readonly string[],
  options: PackageOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const { files } = deps
  const opened = await openConfiguredWorkspace(deps.cwd, options.config, deps.knowledge)
  const { workspace } = opened
  const selected = selectPackages(workspace, names, deps.cwd)
  const scanned = await lookAtPackages(opened, selected, options, deps)
  const syntaxErrors = scanned.flatMap((entry) => entry.syntaxErrors)
  if (syntaxErrors.length > 0)
    throw new CodemodError('SOURCE_SYNTAX', 'a baseline needs every file', syntaxErrors)
  const earlier = readBaseline(workspace.root, files)
  const entries = Object.fromEntries(scanned.map((entry) => [entry.target.name, entryOf(entry)]))
  const baseline: Baseline = { schemaVersion: 1, packages: { ...earlier?.packages, ...entries } }
  writeBaseline(workspace.root, baseline, files)
  const count = (of: keyof BaselineEntry): number =>
    Object.values(entries).reduce((sum, entry) => sum + entry[of].length, 0)
  const told = `${baselineFileName}: ${countOf(count('legacy'), 'legacy site')} and ${countOf(count('leaks'), 'leak')} in ${countOf(selected.length, 'package')}; \`pgferry check\` refuses more.`
  return {
    exitCode: 0,
    json: baseline,
    render: () => `${told}\n`,
    notes: scanned.flatMap((entry) => entry.notes),
  }
}

/** @throws CodemodError `CONFIG_INVALID`. */
export function readBaseline(root: string, files: FileOperations): Baseline | undefined {
  const path = join(root, baselineFileName)
  return files.exists(path) ? parseBaseline(files.read(path).toString('utf8')) : undefined
}

function writeBaseline(root: string, baseline: Baseline, files: FileOperations): void {
  const path = join(root, baselineFileName)
  files.remove(`${path}.tmp`)
  files.create(`${path}.tmp`, Buffer.from(formatBaseline(baseline)))
  files.rename(`${path}.tmp`, path)
}

function entryOf({ report: { sites } }: PackageFindings): BaselineEntry {
  return {
    legacy: sites.filter(isLegacySite).map(({ id }) => id),
    leaks: sites.filter(({ verdict }) => verdict === 'leak').map(({ id }) => id),
  }
}
