import { basename } from 'node:path'
import { discoverFiles } from './discover-files'
import type { Workspace } from './workspace'

/** Settings of tools, which every root has and which take no connection. */
const toolSettings = /^(\.|gulpfile|gruntfile|.*\.(config|setup|preset|conf)\.[cm]?[jt]s$)/i

/** Leaves the root out of a workspace that was found by itself, when all its code lies in the other packages. */
export function dropEmptyRoot(workspace: Workspace): Workspace {
  const { packages, root } = workspace
  const own = packages.find(({ path }) => path === '.')
  if (own === undefined || packages.length === 1) return workspace
  const { files } = discoverFiles(own, { root, includeTests: false, otherPackages: packages })
  return files.every((file) => toolSettings.test(basename(file)))
    ? { ...workspace, packages: packages.filter((entry) => entry !== own) }
    : workspace
}
