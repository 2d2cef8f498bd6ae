import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CodemodError, describeCause } from '../project/codemod-error'
import { configFileNames } from '../project/find-config'
import { countOf } from '../report/render-table'
import type { CommandDeps, CommandOutcome } from './command'
import type { ConfigProposal } from './propose-config'
import { lookAtPackages } from './look-at-packages'
import { openUnconfigured } from './open-workspace'
import { proposeConfig } from './propose-config'

export interface InitOptions {
  readonly force?: boolean
  readonly includeTests?: boolean
  readonly jobs?: number
}

/**
 * Looks for packages and legacy APIs and writes `pgferry.config.ts` at the workspace root.
 *
 * @throws CodemodError `CONFIG_EXISTS` without `force`; `WRITE_FAILED`.
 */
export async function runInit(options: InitOptions, deps: CommandDeps): Promise<CommandOutcome> {
  const { knowledge } = deps
  const workspace = openUnconfigured(deps.cwd)
  refuseExistingConfig(workspace.root, options.force === true)
  const dialects = knowledge.builtinDialects
  const scanned = await lookAtPackages({ workspace, dialects }, workspace.packages, options, deps)
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
