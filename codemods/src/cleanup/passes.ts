import { removeAddedMethods } from './added-methods'
import type { CleanupContext, Pass } from './context'
import { mergePools } from './duplicate-pools'
import { removeEmptied } from './emptied-functions'
import { convertFacadeCalls, refuseFacadeCalls } from './facade-calls'
import { refuseLeftImports, refuseWiring, removeWiring } from './ferry-wiring'
import { foldFlags, refuseFlags } from './fold-flags'
import { refuseLegacyLayer, removeLegacyLayer } from './legacy-layer'
import { removeLegacyMethods } from './legacy-methods'
import { removeManaged } from './managed-resources'
import { removeStaleFlagNames } from './stale-flag-names'
import { unwrapUnits } from './units-of-work'
import { removeUnusedExports, removeUnusedFiles } from './unused-exports'
import { removeUnusedMembers } from './unused-members'
import { removeUnusedNames } from './unused-names'

/**
 * In this order; after a group found something to take away it begins again with the first. The passes of one group look at the
 * same text: what one finds does not depend on what another takes.
 */
export const passes: readonly (readonly Pass[])[] = [
  [foldFlags],
  [removeLegacyLayer, convertFacadeCalls],
  [unwrapUnits, removeUnusedNames, removeUnusedMembers],
  [removeWiring, removeAddedMethods, removeManaged, removeEmptied, removeLegacyMethods],
  [mergePools],
  [removeStaleFlagNames, removeUnusedExports, removeUnusedFiles],
]

/** What is left at the end and why; each adds to the refusals of the context. */
export const refusalPasses: readonly ((context: CleanupContext) => void)[] = [
  refuseWiring,
  refuseFacadeCalls,
  refuseLegacyLayer,
  refuseFlags,
  refuseLeftImports,
]
