import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scanPackage } from '../engine/scan-package'
import { CodemodError, describeCause } from '../project/codemod-error'
import { findWorkspace } from '../project/find-workspace'
import { configFileNames } from '../project/load-config'
import { workspaceFromManifests } from '../project/workspace'
import { countSites } from '../report/run-report'
import { countOf } from '../report/render-table'
import type { CommandDeps, CommandOutcome } from './command'
import { proposeConfig } from './propose-config'

export interface InitOptions {
  readonly force?: boolean
  readonly includeTests?: boolean
}

/**
 * Looks for packages and legacy APIs and writes `pgferry.config.ts` at the workspace root.
 *
 * @throws CodemodError `CONFIG_EXISTS` without `force`; `WRITE_FAILED`.
 */
export function runInit(options: InitOptions, deps: CommandDeps): CommandOutcome {
  const { knowledge } = deps
  const workspace = workspaceFromManifests(findWorkspace(deps.cwd))
  const existing = configFileNames.find((name) => existsSync(join(workspace.root, name)))
  if (existing !== undefined && options.force !== true) {
    throw new CodemodError('CONFIG_EXISTS', `${existing} is there already; nothing was written`)
  }
  if (existing !== undefined && existing !== 'pgferry.config.ts') {
    throw new CodemodError(
      'CONFIG_EXISTS',
      `${existing} would hide or be hidden by pgferry.config.ts; nothing was written`,
      [],
      {
        hint: `Delete ${existing} first.`,
      },
    )
  }
  const dialects = knowledge.builtinDialects
  const scanned = workspace.packages.map((target, done) => {
    deps.onProgress(done, workspace.packages.length, target.name)
    return scanPackage(target, {
      workspace,
      dialects,
      knowledge,
      includeTests: options.includeTests ?? false,
    })
  })
  const proposal = proposeConfig(
    scanned,
    dialects.map(({ id }) => id),
  )
  const path = join(workspace.root, 'pgferry.config.ts')
  try {
    writeFileSync(path, proposal.text)
  } catch (cause) {
    throw new CodemodError('WRITE_FAILED', `${path}: ${describeCause(cause)}`, [], { cause })
  }
  const json = {
    schemaVersion: 1,
    command: 'init',
    root: '.',
    config: 'pgferry.config.ts',
    packages: proposal.packages.map(({ name, path: folder, dialects: used, sites }) => ({
      name,
      path: folder,
      dialects: used,
      sites,
    })),
  }
  return {
    exitCode: 0,
    json,
    render: () => renderInit(workspace.packages.length, proposal),
    notes: scanned.flatMap((entry) => [
      ...entry.loaded.notes,
      ...entry.syntaxErrors.map((error) => `does not parse: ${error}`),
    ]),
  }

  function renderInit(found: number, { packages }: ReturnType<typeof proposeConfig>): string {
    const total = countSites(scanned.flatMap((entry) => entry.report.sites))
    const rows = packages.map(
      ({ name, sites, dialects: used }) => `  ${name}: ${countOf(sites, 'site')} (${used.join(', ')})`,
    )
    const next =
      packages.length === 0
        ? 'No known legacy API was found. Declare your own dialect in pgferry.config.ts, then run `pgferry scan`.'
        : 'Next: check `connections` of each package in pgferry.config.ts, then run `pgferry scan`.'
    const summary = `pgferry.config.ts written: ${countOf(total.sites, 'site')} in ${String(packages.length)} of ${countOf(found, 'package')}.`
    return `${[summary, ...rows, next].join('\n')}\n`
  }
}
