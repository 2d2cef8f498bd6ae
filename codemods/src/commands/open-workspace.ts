import type { Dialect } from '../model/dialect'
import type { Knowledge } from '../engine/knowledge'
import { CodemodError } from '../project/codemod-error'
import { dropEmptyRoot } from '../project/drop-empty-root'
import { findWorkspace } from '../project/find-workspace'
import { findConfig } from '../project/find-config'
import { resolveDialects } from '../project/resolve-dialects'
import type { Workspace } from '../project/workspace'
import { workspaceFromConfig, workspaceFromManifests } from '../project/workspace'

export interface OpenWorkspace {
  readonly workspace: Workspace
  readonly dialects: readonly Dialect[]
}

/**
 * The workspace that a command works on: of the named or nearest configuration, or as the package manager declares it.
 *
 * @throws CodemodError `CONFIG_NOT_FOUND`, `CONFIG_INVALID`, `PACKAGE_OUTSIDE_ROOT`.
 */
export async function openWorkspace(
  cwd: string,
  config: string | undefined,
  knowledge: Knowledge,
): Promise<OpenWorkspace> {
  const path = findConfig(cwd, config)
  if (path === undefined) {
    return { workspace: openUnconfigured(cwd), dialects: knowledge.builtinDialects }
  }
  const knownIds = knowledge.builtinDialects.map(({ id }) => id)
  const { loadConfig } = await import('../project/load-config.js')
  const loaded = await loadConfig(path, knownIds)
  const workspace = workspaceFromConfig(loaded.path, loaded.config)
  return { workspace, dialects: resolveDialects(loaded.config.dialects, knowledge.builtinDialects) }
}

/**
 * The workspace as its own tools declare it, whatever a configuration says.
 *
 * @throws CodemodError `READ_FAILED`, `PACKAGE_OUTSIDE_ROOT`.
 */
export function openUnconfigured(cwd: string): Workspace {
  return dropEmptyRoot(workspaceFromManifests(findWorkspace(cwd)))
}

/** As {@link openWorkspace}, for commands that need to be told how to rewrite. */
export async function openConfiguredWorkspace(
  cwd: string,
  config: string | undefined,
  knowledge: Knowledge,
): Promise<OpenWorkspace> {
  const opened = await openWorkspace(cwd, config, knowledge)
  if (opened.workspace.configPath === undefined) {
    throw new CodemodError('CONFIG_NOT_FOUND', `there is no pgferry.config.ts at or above ${cwd}`)
  }
  return opened
}
