import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scanPackage } from '../engine/scan-package'
import { CodemodError, describeCause } from '../project/codemod-error'
import { DeclarationCache } from '../project/declaration-cache'
import { findWorkspace } from '../project/find-workspace'
import { configFileNames } from '../project/load-config'
import { workspaceFromManifests } from '../project/workspace'
import { countOf } from '../report/render-table'
import type { CommandDeps, CommandOutcome } from './command'
import type { ConfigProposal } from './propose-config'
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
  refuseExistingConfig(workspace.root, options.force === true)
  const dialects = knowledge.builtinDialects
  const declarations = new DeclarationCache()
  const includeTests = options.includeTests ?? false
  const scanned = workspace.packages.map((target, done) => {
    deps.onProgress(done, workspace.packages.length, target.name)
    return scanPackage(target, { workspace, dialects, knowledge, includeTests, declarations })
  })
  const proposal = proposeConfig(
    scanned,
    dialects.map(({ id }) => id),
  )
  writeConfig(join(workspace.root, configName), proposal.text)
  return {
    exitCode: 0,
    json: { schemaVersion: 1, command: 'init', root: '.', config: configName, packages: proposal.packages },
    render: () => renderInit(scanned.length, proposal),
    notes: scanned.flatMap((entry) => [
      ...entry.notes,
      ...entry.syntaxErrors.map((error) => `does not parse: ${error}`),
    ]),
  }
}

const configName = 'pgferry.config.ts'

function refuseExistingConfig(root: string, isForced: boolean): void {
  const existing = configFileNames.filter((name) => existsSync(join(root, name)))
  const other = existing.find((name) => name !== configName)
  if (existing.length > 0 && !isForced) {
    throw new CodemodError('CONFIG_EXISTS', `${existing.join(', ')} is there already; nothing was written`)
  }
  if (other !== undefined) {
    throw new CodemodError(
      'CONFIG_EXISTS',
      `${other} would stand beside a new ${configName}; nothing was written`,
      [],
      {
        hint: `Delete ${other} first.`,
      },
    )
  }
}

function writeConfig(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    throw new CodemodError('WRITE_FAILED', `${path}: ${describeCause(cause)}`, [], { cause })
  }
}

function renderInit(found: number, { packages }: ConfigProposal): string {
  const sites = packages.reduce((sum, entry) => sum + entry.sites, 0)
  const rows = packages.map(
    (entry) => `  ${entry.name}: ${countOf(entry.sites, 'site')} (${entry.dialects.join(', ')})`,
  )
  const next =
    packages.length === 0
      ? `No known legacy API was found. Declare your own dialect in ${configName}, then run \`pgferry scan\`.`
      : `Next: check \`connections\` of each package in ${configName}, then run \`pgferry scan\`.`
  const place = `${String(packages.length)} of ${countOf(found, 'package')}`
  return `${[`${configName} written: ${countOf(sites, 'site')} in ${place}.`, ...rows, next].join('\n')}\n`
}
