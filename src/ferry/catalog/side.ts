/** Who serves a connection. */
export type Side = 'legacy' | 'service'

/** How far a component has come. Set in reviewed configuration; flags move the share only inside a stage's bounds. */
export type Stage = 'off' | 'shadow' | 'canary' | 'live' | 'complete'

/** Least and greatest share of units of work on the service side, by stage. */
export const stageBounds: Readonly<Record<Stage, { readonly floor: number; readonly ceiling: number }>> = {
  off: { floor: 0, ceiling: 0 },
  shadow: { floor: 0, ceiling: 0 },
  canary: { floor: 0, ceiling: 0.1 },
  live: { floor: 0, ceiling: 1 },
  complete: { floor: 1, ceiling: 1 },
}
