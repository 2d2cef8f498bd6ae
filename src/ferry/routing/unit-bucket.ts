/** Shares are compared in steps of 1/10000. */
export const bucketCount = 10_000

/**
 * The bucket of a unit of work, 0 to 9999: the same key has the same bucket in every process, version and component, so a
 * key that is in at 5 % is in at 25 %, and nested components agree.
 */
export function toBucket(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  }
  // FNV-1a alone leaves similar keys near each other; the finish of MurmurHash3 spreads every bit.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % bucketCount
}
