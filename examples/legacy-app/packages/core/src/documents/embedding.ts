import { wordsOf } from './text'

/** Length of every embedding vector. */
export const EMBEDDING_SIZE = 64
/** Stored with each chunk; chunks with another name are stale. */
export const EMBEDDING_MODEL = 'hashed-ngrams-v2'

/**
 * A deterministic embedding: words and their character trigrams are hashed into 64 signed buckets, then the vector is
 * scaled to length 1. Similar wording gives similar vectors; no model and no network is needed.
 */
export function embed(text: string): number[] {
  const vector = new Array<number>(EMBEDDING_SIZE).fill(0)
  for (const word of wordsOf(text)) {
    add(vector, word, 2)
    const padded = ` ${word} `
    for (let i = 0; i + 3 <= padded.length; i += 1) add(vector, padded.slice(i, i + 3), 1)
  }
  const length = Math.hypot(...vector)
  return length === 0 ? vector : vector.map((value) => value / length)
}

function add(vector: number[], feature: string, weight: number): void {
  let hash = 0x811c9dc5
  for (let i = 0; i < feature.length; i += 1) {
    hash = Math.imul(hash ^ feature.charCodeAt(i), 0x01000193) >>> 0
  }
  const bucket = hash % EMBEDDING_SIZE
  const sign = (hash >>> 16) & 1 ? 1 : -1
  vector[bucket] = (vector[bucket] ?? 0) + sign * weight
}
