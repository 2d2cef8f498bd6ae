import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { RewriteTarget, TargetStyle } from '../model/target'
import { CodemodError } from '../project/codemod-error'
import type { WorkspacePackage } from '../project/workspace'

export interface Targets {
  readonly byPackage: ReadonlyMap<WorkspacePackage, RewriteTarget>
  readonly notes: readonly string[]
}

/**
 * What each package is rewritten to. A module that the new code would import must exist; for a dry run its absence is a
 * remark only.
 *
 * @throws CodemodError `CONFIG_INVALID` naming the option that is missing or wrong.
 */
export function requireTargets(
  packages: readonly WorkspacePackage[],
  style: TargetStyle | undefined,
  options: { readonly isDryRun: boolean },
): Targets {
  const missing = packages.flatMap((entry) => missingModule(entry))
  if (missing.length > 0 && !options.isDryRun) {
    throw new CodemodError(
      'CONFIG_INVALID',
      'the rewritten code would import a module that is not there',
      missing,
      {
        hint: 'Write that module (it exports the connection service), or correct `connections.from`.',
      },
    )
  }
  return { byPackage: new Map(packages.map((entry) => [entry, targetOf(entry, style)])), notes: missing }
}

function targetOf(entry: WorkspacePackage, style: TargetStyle | undefined): RewriteTarget {
  if (entry.connections === undefined) {
    throw new CodemodError(
      'CONFIG_INVALID',
      `package "${entry.name}" does not say how its code reaches the connection service`,
      [
        "connections: received nothing, expected { import: 'connections', from: './src/database' } or { expression: 'this.connections' }",
      ],
    )
  }
  return { style: style ?? entry.style, purpose: entry.purpose, connections: entry.connections }
}

function missingModule(entry: WorkspacePackage): string[] {
  const { connections } = entry
  if (connections?.kind !== 'import' || !/^\.\.?\//.test(connections.from)) return []
  const stem = resolve(entry.directory, connections.from)
  const withoutExtension = stem.replace(/\.[cm]?js$/, '')
  const extensions = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.d.ts']
  const candidates = [
    stem,
    ...extensions.flatMap((extension) => [withoutExtension + extension, `${stem}/index${extension}`]),
  ]
  if (candidates.some((path) => /\.[cm]?[jt]sx?$/.test(path) && existsSync(path))) return []
  return [
    `package "${entry.name}", connections.from: received "${connections.from}", and there is no such module in ${entry.directory}`,
  ]
}
