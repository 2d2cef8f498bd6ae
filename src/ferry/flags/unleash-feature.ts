/** A flag as an Unleash server describes it, with what this process alone can judge already judged. */
export interface UnleashFeature {
  readonly name: string
  /** Should be a boolean; the server's word, not checked yet. */
  readonly isEnabled: unknown
  /** `undefined`: the answer had no list here. */
  readonly strategies: readonly UnleashStrategy[] | undefined
  readonly variants: readonly UnleashVariant[]
  readonly dependencies: readonly UnleashDependency[]
  /** What the client itself answers for this process. */
  readonly isEnabledHere: () => boolean
}

export interface UnleashStrategy {
  readonly name: string
  readonly parameters: Readonly<Record<string, unknown>>
  /** Whether its constraints and segments hold for this process. */
  readonly isMet: boolean
  readonly variants: readonly UnleashVariant[]
}

export interface UnleashVariant {
  readonly name: string
  readonly payload: string | undefined
}

export interface UnleashDependency {
  readonly feature: string
  /** Asks for no more than that the other flag is on. */
  readonly isPlain: boolean
  readonly isMet: () => boolean
}
