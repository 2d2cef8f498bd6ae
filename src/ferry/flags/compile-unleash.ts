import type { FlagValues } from './flag-values'
import type { UnleashFeature, UnleashStrategy, UnleashVariant } from './unleash-feature'

/** The parent flag: missing or off, every component is on the legacy side. */
export const unleashParentFlag = 'pgferry.enabled'

const prefix = 'pgferry.'
const shadowSuffix = '.shadow'
/** The variant whose payload is a share. */
const shareVariant = 'share'

/** Flags as an answer of the server means them, or why the answer cannot be used. */
export type CompiledUnleash =
  | { readonly kind: 'flags'; readonly values: FlagValues }
  | { readonly kind: 'rejected'; readonly reason: string }

/**
 * Turns a server's flags into shares. Pure.
 *
 * - An answer with none of our flags, or with a malformed one of ours, is rejected: it is more likely the wrong token, or a server
 *   that lost its data, than somebody's decision.
 * - A flag's share is the greatest of its strategies': `default` 1, `flexibleRollout` and `gradualRollout…` their percentage (stickiness and
 *   group are ours, see the buckets of the ferry), 0 where constraints or segments do not hold for this process. Any other strategy
 *   counts only where no percentage is beside it, and is asked of the client for this process: 0 or 1.
 * - A variant named `share` with a number as payload (or `{"share": number}`) lowers the share to that number, in steps of 1/10000; a payload that
 *   is no share lowers it to 0. So less than 1 % can be told, which a rollout cannot.
 * - No component's share is above the parent's.
 *
 * @param components the components to look for; `undefined` = each that the flags' names tell.
 */
export function compileUnleash(
  features: readonly UnleashFeature[],
  components: readonly string[] | undefined,
): CompiledUnleash {
  const byName = new Map(features.map((feature) => [feature.name, feature]))
  const names = components ?? componentNames(features)
  const ours = [unleashParentFlag, ...names.flatMap((name) => [prefix + name, prefix + name + shadowSuffix])]
  const found = ours.map((name) => byName.get(name)).filter((feature) => feature !== undefined)
  if (found.length === 0) {
    const reason = `the answer has ${String(features.length)} flags and none of ${ours.join(', ')}; does the token see their project and environment?`
    return { kind: 'rejected', reason }
  }
  const malformed = found.find(
    (feature) => typeof feature.isEnabled !== 'boolean' || feature.strategies === undefined,
  )
  if (malformed !== undefined)
    return { kind: 'rejected', reason: `the flag ${malformed.name} is malformed in the answer` }

  const parent = byName.get(unleashParentFlag)
  const parentShare = parent === undefined ? 0 : shareOf(parent)
  const table = (suffix: string): Record<string, number> => {
    const entries = names.flatMap((name): [string, number][] => {
      const feature = byName.get(prefix + name + suffix)
      return feature === undefined ? [] : [[name, Math.min(parentShare, shareOf(feature))]]
    })
    return Object.fromEntries(entries)
  }
  return {
    kind: 'flags',
    values: { enabled: parentShare > 0, shares: table(''), shadows: table(shadowSuffix) },
  }
}

function componentNames(features: readonly UnleashFeature[]): readonly string[] {
  const names = features
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix) && name !== unleashParentFlag)
    .map((name) => name.slice(prefix.length))
    .map((name) => (name.endsWith(shadowSuffix) ? name.slice(0, -shadowSuffix.length) : name))
  return [...new Set(names)].filter((name) => name !== '')
}

function shareOf(feature: UnleashFeature): number {
  if (feature.isEnabled !== true) return 0
  const areMet = feature.dependencies.every(
    // The parent is reckoned with as a share, which is finer than the client's yes or no.
    (dependency) => (dependency.feature === unleashParentFlag && dependency.isPlain) || dependency.isMet(),
  )
  if (!areMet) return 0
  const limit = variantShare(feature.variants)
  const strategies = feature.strategies ?? []
  if (strategies.length === 0) return Math.min(1, limit)
  const shares = strategies.map(strategyShare).filter((share) => share !== undefined)
  const share = shares.length === 0 ? Number(feature.isEnabledHere()) : Math.max(...shares)
  return Math.min(share, limit)
}

/** `undefined`: not a strategy whose share can be told. */
function strategyShare(strategy: UnleashStrategy): number | undefined {
  const base = percentageShare(strategy)
  if (base === undefined) return undefined
  return strategy.isMet ? Math.min(base, variantShare(strategy.variants)) : 0
}

function percentageShare({ name, parameters }: UnleashStrategy): number | undefined {
  switch (name) {
    case 'default':
      return 1
    case 'flexibleRollout':
      return toShareOrNone(Number(parameters['rollout']) / 100)
    case 'gradualRolloutRandom':
    case 'gradualRolloutSessionId':
    case 'gradualRolloutUserId':
      return toShareOrNone(Number(parameters['percentage']) / 100)
    default:
      return undefined
  }
}

function variantShare(variants: readonly UnleashVariant[]): number {
  const variant = variants.find(({ name }) => name === shareVariant)
  return variant === undefined ? 1 : toShareOrNone(parsePayload(variant.payload))
}

function parsePayload(payload: string | undefined): number {
  try {
    const value: unknown = JSON.parse(payload ?? '')
    if (typeof value === 'number') return value
    return typeof value === 'object' && value !== null && 'share' in value ? Number(value.share) : Number.NaN
  } catch {
    // A payload that is no JSON is no share either; the caller takes that for 0.
    return Number.NaN
  }
}

/** What is no share sends nobody to the new side. */
function toShareOrNone(value: number): number {
  return value >= 0 && value <= 1 ? value : 0
}
