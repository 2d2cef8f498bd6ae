import ts from 'typescript'
import type { Obstacle } from '../scope/bracket-obligations'
import { isNullish } from '../connection/connection-uses'
import { releasePointOf, type ReleasePoint } from '../connection/release-points'
import type { SiteFacts } from '../calls/site-facts'
import { isBound } from './late-acquire'
import { runTypestate } from '../paths/typestate'

/**
 * The shape stays, only the calls change: `acquireConnection()` where the connection was taken, the service's release where it was given
 * back. Nothing moves, so this is equal wherever the connection is known to be nobody else's, whatever stands around the calls.
 */
export interface CallSwap {
  readonly releases: readonly SwappedRelease[]
}

export interface SwappedRelease extends ReleasePoint {
  /**
   * Written as `c.release()`, a method of every connection: where the variable has a declared type, which the service's
   * `releaseConnection` might refuse, and where the old code releases without having one (and throws).
   */
  readonly byMethod: boolean
}

export function swapOf(facts: SiteFacts): { readonly swap: CallSwap } | { readonly obstacle: Obstacle } {
  const releases: SwappedRelease[] = []
  const emptyHanded = releasesOfNothing(facts)
  for (const release of facts.releases) {
    const point = releasePointOf(release)
    const refuse = (note: string): { readonly obstacle: Obstacle } => ({
      obstacle: { reason: 'release-error', node: release.call, note },
    })
    if (point.told.kind === 'unknown') return refuse('this release is told more than the service can be told')
    if (point.statement === undefined) return refuse('what the release returns is used')
    const isAlwaysTaken = !emptyHanded.has(release.call)
    if (!isAlwaysTaken && (release.rule.on === 'receiver' || release.rule.method !== 'release'))
      return refuse('released here even when nothing was taken')
    releases.push({ ...point, byMethod: !isAlwaysTaken || hasDeclaredType(facts) || !isPlainTaking(facts) })
  }
  return { swap: { releases } }
}

/** Releases that a path reaches on which nothing was taken. */
export function releasesOfNothing({ query }: SiteFacts): ReadonlySet<ts.Node> {
  const unheldReleases = new Set<ts.Node>()
  if (query !== undefined) runTypestate({ ...query, unheldReleases })
  return unheldReleases
}

function hasDeclaredType({ binding, scope }: SiteFacts): boolean {
  if (!isBound(binding)) return false
  if (binding.kind === 'declared') return binding.declaration.type !== undefined
  let isTyped = true
  const { name } = binding
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.name.text === name.text)
      isTyped = node.type !== undefined || (node.initializer !== undefined && !isNullish(node.initializer))
    ts.forEachChild(node, visit)
  }
  visit(scope)
  return isTyped
}

/** Not `given ?? await acquire()`: what was given has a type of its own. */
function isPlainTaking({ binding }: SiteFacts): boolean {
  return isBound(binding) && !binding.isOwnedChoice
}
