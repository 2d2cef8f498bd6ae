import { systemClock, type Clock } from '../../core/clock'
import type { FlagSource } from './flag-source'
import { FlagStore } from './flag-store'
import { toShare, toShares } from './flag-values'

/** Flags that this process sets itself. */
export interface StaticFlagSource extends FlagSource {
  readonly kind: 'static'
  /**
   * Sets a component's share of units on the service side, 0 to 1, rounded to 1/10000.
   *
   * @throws InvalidOptionError for anything else; nothing has changed then.
   */
  set(component: string, share: number): void
  /** Sets a component's share of units to shadow, as {@link StaticFlagSource.set} does for the side. */
  setShadow(component: string, share: number): void
  /** Turns the master switch; `undefined` takes it away. */
  setEnabled(enabled: boolean | undefined): void
}

/**
 * Flags held in memory: for tests, demonstrations and processes that steer themselves.
 *
 * @param shares share of units on the service side by component, 0 to 1, rounded to 1/10000.
 * @throws InvalidOptionError for a share outside 0 to 1.
 * @example
 * const flags = staticFlags({ portals: 0.1 })
 * flags.set('portals', 0.5)
 */
export function staticFlags(
  shares: Readonly<Record<string, number>> = {},
  deps: { readonly clock?: Clock } = {},
): StaticFlagSource {
  const clock = deps.clock ?? systemClock
  const store = new FlagStore(clock)
  store.publish({ shares: toShares('shares', shares) })

  return {
    kind: 'static',
    snapshot: () => store.snapshot(),
    onChange: (listener) => store.onChange(listener),
    health: () =>
      store.isClosed ? { state: 'closed' } : { state: 'live', lastSuccessAtMs: clock.wallClockMs() },
    close: () => {
      store.close()
      return Promise.resolve()
    },
    set(component, share) {
      const now = store.snapshot()
      store.publish({ ...now, shares: { ...now.shares, [component]: toShare(`shares.${component}`, share) } })
    },
    setShadow(component, share) {
      const now = store.snapshot()
      store.publish({
        ...now,
        shadows: { ...now.shadows, [component]: toShare(`shadows.${component}`, share) },
      })
    },
    setEnabled(enabled) {
      store.publish({ ...store.snapshot(), enabled })
    },
  }
}
