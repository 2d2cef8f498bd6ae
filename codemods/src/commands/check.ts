import { scanPackage } from '../engine/scan-package'
import { CodemodError } from '../project/codemod-error'
import { DeclarationCache } from '../project/declaration-cache'
import { selectPackages } from '../project/workspace'
import type { CheckReport } from '../report/check-report'
import { isLegacySite, renderCheckReport } from '../report/check-report'
import type { CommandDeps, CommandOutcome, PackageOptions } from './command'
import { openConfiguredWorkspace } from './open-workspace'

/**
 * The ratchet for continuous integration: legacy call sites in packages with stage `migrated` are findings (exit code 1).
 * Writes nothing.
 *
 * @throws CodemodError `SOURCE_SYNTAX` when a migrated package cannot be judged.
 */
export async function runCheck(
  names: readonly string[],
  options: PackageOptions,
  deps: CommandDeps,
): Promise<CommandOutcome> {
  const { knowledge } = deps
  const declarations = new DeclarationCache()
  const { workspace, dialects } = await openConfiguredWorkspace(deps.cwd, options.config, knowledge)
  const selected = selectPackages(workspace, names, deps.cwd)
  const migrated = selected.filter(({ stage }) => stage === 'migrated')
  const scanned = migrated.map((target, done) => {
    deps.onProgress(done, migrated.length, target.name)
    return scanPackage(target, {
      workspace,
      dialects,
      knowledge,
      includeTests: options.includeTests ?? false,
      declarations,
    })
  })
  const syntaxErrors = scanned.flatMap((entry) => entry.syntaxErrors)
  if (syntaxErrors.length > 0) {
    throw new CodemodError('SOURCE_SYNTAX', 'migrated packages cannot be checked', syntaxErrors)
  }
  const report: CheckReport = {
    schemaVersion: 1,
    command: 'check',
    root: '.',
    checked: migrated.map(({ name }) => name),
    notYet: selected.filter((target) => !migrated.includes(target)).map(({ name }) => name),
    findings: scanned.flatMap((entry) => entry.report.sites.filter(isLegacySite)),
  }
  return {
    exitCode: report.findings.length > 0 ? 1 : 0,
    json: report,
    render: (paint) => renderCheckReport(report, paint),
    notes: scanned.flatMap((entry) => entry.notes),
  }
}
