import type { DiscoveredFiles } from '../project/discover-files'
import { discoverFiles } from '../project/discover-files'
import { toRelative } from '../project/find-workspace'
import type { LoadedSources } from '../project/load-sources'
import type { Workspace, WorkspacePackage } from '../project/workspace'
import { filesOfShard } from './shard'
import type { Shard } from './shard'

/** A package and its files. */
export interface SurveyedPackage {
  readonly target: WorkspacePackage
  readonly discovered: DiscoveredFiles
  /** Absolute paths of the files that this run answers for; absent: all. The others are only read for what they tell of these. */
  readonly own?: readonly string[]
  /** What was read of the files, where that is done before they are analysed. */
  readonly loaded?: LoadedSources
}

/** Lists the files of packages in their order, so that no place is looked at twice; with a shard only what falls to it. */
export function surveyPackages(
  packages: readonly WorkspacePackage[],
  options: { readonly workspace: Workspace; readonly includeTests: boolean; readonly shard?: Shard },
): readonly SurveyedPackage[] {
  const { workspace, includeTests, shard } = options
  const claimed = new Set<string>()
  return packages.flatMap((target): SurveyedPackage[] => {
    const { root, packages: otherPackages } = workspace
    const discovered = discoverFiles(target, { root, includeTests, otherPackages, claimed })
    if (shard === undefined) return [{ target, discovered }]
    const paths = new Map(discovered.files.map((file) => [toRelative(target.directory, file), file]))
    const own = filesOfShard(shard, target.path, [...paths.keys()])
    if (own === undefined) return []
    return [{ target, discovered, own: own.flatMap((path) => paths.get(path) ?? []) }]
  })
}
