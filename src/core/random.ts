/** A number in [0, 1), as `Math.random()` gives; tests hand in a seeded one. */
export type Random = () => number

export const systemRandom: Random = () => Math.random()
