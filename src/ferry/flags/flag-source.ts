/** What the flags said at one moment; frozen, replaced as a whole when anything changes. */
export interface FlagSnapshot {
  /** Counts up by one with each change. */
  readonly generation: number
  /** When the flags were read, in milliseconds since 1970-01-01 UTC. */
  readonly takenAtMs: number
  /**
   * The master switch. `undefined` = the source has none; `false` = every component is on the legacy side
   * (inside the bounds of its stage).
   */
  readonly enabled: boolean | undefined
  /** Share of units on the service side by component, 0 to 1 in steps of 1/10000. Absent: the flag is lost or never was. */
  readonly shares: Readonly<Record<string, number>>
  /** Share of units to shadow, by component. */
  readonly shadows: Readonly<Record<string, number>>
}

export type FlagHealth =
  /** Never had an answer; components are on the safe side of their stage. */
  | { readonly state: 'starting'; readonly error?: unknown }
  | { readonly state: 'live'; readonly lastSuccessAtMs: number }
  /** Had an answer, gets none now; the last known flags hold. */
  | { readonly state: 'stale'; readonly lastSuccessAtMs: number; readonly error?: unknown }
  | { readonly state: 'closed' }

/** Where flags come from. It never throws and never blocks: what goes wrong is seen in `health()`. */
export interface FlagSource {
  readonly kind: string
  /** The present snapshot; cheap, the same object until something changes. */
  snapshot(): FlagSnapshot
  /** Calls `listener` after each change, when `snapshot()` answers the new one already. Returns how to stop. */
  onChange(listener: (snapshot: FlagSnapshot) => void): () => void
  health(): FlagHealth
  /**
   * Tells the source which components there are, before the first unit of work. A source that must know their names
   * to find their flags (environment variables) has it; the others leave it out.
   *
   * @throws InvalidOptionError when the names and the flags do not fit together.
   */
  useComponents?(components: readonly string[]): void
  close(): Promise<void>
}

/** The snapshot of a source that knows nothing yet. */
export const emptySnapshot: FlagSnapshot = Object.freeze({
  generation: 0,
  takenAtMs: 0,
  enabled: undefined,
  shares: Object.freeze({}),
  shadows: Object.freeze({}),
})
