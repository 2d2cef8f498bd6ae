import { systemClock, type Clock } from '../../core/clock'
import type { FlagSource } from './flag-source'
import { connectUnleash, type ConnectUnleash } from './unleash-client'
import { resolveUnleashOptions, type UnleashFlagOptions } from './unleash-options'
import { UnleashReader } from './unleash-reader'

/** Flags of an Unleash server. */
export interface UnleashFlagSource extends FlagSource {
  readonly kind: 'unleash'
}

export interface UnleashFlagDeps {
  readonly clock: Clock
  readonly connect: ConnectUnleash
}

/**
 * Flags of an Unleash server: the parent `pgferry.enabled`, and `pgferry.<component>` and `pgferry.<component>.shadow`, whose
 * rollout percentage is the share. A missing or disabled parent sends every component to the legacy side. For shares
 * below 1 % give the flag or its strategy a variant named `share` with the number as payload (`0.0025`).
 *
 * Nothing waits for the server and nothing it does throws: until it answers, components are on the safe side (or on the
 * flags of `bootstrap` or `lastKnownFile`); when it goes away, refuses, hangs or answers nonsense, the last known flags
 * hold and `health()` is `stale` after five intervals. The client is rebuilt when it has given up.
 * Needs the optional peer `unleash-client`.
 *
 * @throws InvalidOptionError for a bad option, or when `unleash-client` is not installed.
 * @example
 * const flags = unleashFlags({ url: 'http://127.0.0.1:4242/api/', appName: 'portal', token: process.env.UNLEASH_TOKEN })
 */
export function unleashFlags(
  options: UnleashFlagOptions,
  deps: Partial<UnleashFlagDeps> = {},
): UnleashFlagSource {
  const reader = new UnleashReader(
    resolveUnleashOptions(options),
    deps.clock ?? systemClock,
    deps.connect ?? connectUnleash,
  )
  reader.start()
  return {
    kind: 'unleash',
    snapshot: () => reader.store.snapshot(),
    onChange: (listener) => reader.store.onChange(listener),
    health: () => reader.health(),
    close: () => reader.close(),
  }
}
