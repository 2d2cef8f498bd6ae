/** The components of the example, in the order of their crossing: from the least to the most that can break. */
export const components = ['test-systems', 'scripts', 'rag-adapters', 'portals', 'core'] as const

export type Component = (typeof components)[number]
