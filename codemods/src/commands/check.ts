import { staleFlagsIn } from '../cleanup/stale-flags'
import type { FileOperations } from '../engine/file-operations'
import type { PackageFindings } from '../engine/run-package'
import type { Site } from '../model/site'
import type { StaleFlag } from '../model/stale-flag'
import { beyondBaseline, type BaselineEntry } from '../project/baseline'
import { CodemodError } from '../project/codemod-error'
import { defaultFlagRules } from '../project/define-config'
import { discoverFiles } from '../project/discover-files'
import { toRelative } from '../project/find-workspace'
import type { Workspace, WorkspacePackage } from '../project/workspace'
import { selectPackages } from '../project/workspace'
import type { CheckReport } from '../report/check-report'
import { hasFindings, isLegacySite, renderCheckReport } from '../report/check-report'
import { renderHtmlReport } from '../report/render-html'
import { renderSarif } from '../report/render-sarif'
import { readBaseline } from './baseline'
import { textOnDisk } from './scan'
import type { CommandDeps, CommandOutcome, PackageOptions } from './command'
import { lookAtPackages } from './look-at-packages'
import { openConfiguredWorkspace } from './open-workspace'

/**
 * The ratchet for continuous integration. Findings (exit code 1) are legacy call sites in packages with stage `migrated` or `complete`,
 * flag checks in those with stage `complete`, and, in packages that the baseline knows, leaks and legacy call sites beyond it. Writes
 * nothing.
 *
 * @throws CodemodError `SOURCE_SYNTAX` when a migrated package cannot be judged.
 */
export async function runCheck(
  names: readonly string[],
  options: PackageOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const opened = await openConfiguredWorkspace(deps.cwd, options.config, deps.knowledge)
  const { workspace } = opened
  const selected = selectPackages(workspace, names, deps.cwd)
  const baseline = readBaseline(workspace.root, deps.files)
  const isKnown = ({ name }: { readonly name: string }): boolean => baseline?.packages[name] !== undefined
  const looked = selected.filter((target) => target.stage !== 'legacy' || isKnown(target))
  const scanned = await lookAtPackages(opened, looked, options, deps)
  const syntaxErrors = scanned.flatMap((entry) => entry.syntaxErrors)
  if (syntaxErrors.length > 0) {
    throw new CodemodError('SOURCE_SYNTAX', 'packages cannot be checked', syntaxErrors)
  }
  const isMigrated = ({ target }: PackageFindings): boolean => target.stage !== 'legacy'
  const beyond = (of: keyof BaselineEntry, isMeant: (site: Site) => boolean) => (entry: PackageFindings) => {
    const known = baseline?.packages[entry.target.name]
    return known === undefined ? [] : beyondBaseline(entry.report.sites.filter(isMeant), known[of])
  }
  const report: CheckReport = {
    schemaVersion: 1,
    command: 'check',
    root: '.',
    checked: looked.filter(({ stage }) => stage !== 'legacy').map(({ name }) => name),
    notYet: selected.filter(({ stage }) => stage === 'legacy').map(({ name }) => name),
    findings: scanned.filter(isMigrated).flatMap((entry) => entry.report.sites.filter(isLegacySite)),
    newLeaks: scanned
      .flatMap(beyond('leaks', ({ verdict }) => verdict === 'leak'))
      .filter((site) => !scanned.some((entry) => isMigrated(entry) && entry.report.sites.includes(site))),
    newLegacySites: scanned
      .filter((entry) => !isMigrated(entry))
      .flatMap(beyond('legacy', isLegacySite))
      .filter(({ verdict }) => verdict !== 'leak'),
    staleFlags: staleFlagsOf(workspace, selected, deps.files),
  }
  const findings = [...report.findings, ...report.newLeaks, ...report.newLegacySites]
  const reported = scanned.map(({ report: { hiddenDependencies: _hidden, ...entry } }) => ({
    ...entry,
    sites: entry.sites.filter((site) => findings.includes(site)),
  }))
  return {
    exitCode: hasFindings(report) ? 1 : 0,
    json: report,
    render: (paint) => renderCheckReport(report, paint),
    html: () =>
      renderHtmlReport(
        { command: 'check', packages: reported },
        { textOf: textOnDisk(workspace.root, deps.files) },
      ),
    sarif: (version) => renderSarif({ packages: reported }, version),
    notes: scanned.flatMap((entry) => entry.notes),
  }
}

function staleFlagsOf(
  { root, packages, cleanup }: Workspace,
  selected: readonly WorkspacePackage[],
  { read }: Pick<FileOperations, 'read'>,
): readonly StaleFlag[] {
  const rules = cleanup?.flags ?? defaultFlagRules
  return selected
    .filter(({ stage }) => stage === 'complete')
    .flatMap((target) => {
      const { files } = discoverFiles(target, { root, includeTests: false, otherPackages: packages })
      return files.flatMap((path) => staleFlagsIn(toRelative(root, path), read(path).toString('utf8'), rules))
    })
}
