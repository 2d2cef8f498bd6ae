import { createHash } from 'node:crypto'

/** Part `index` of `count`, both from 1. */
export interface Shard {
  readonly index: number
  readonly count: number
}

/** Packages of up to so many files are never divided: what they have in common would be read again in every part. */
export const undividedFiles = 400

/**
 * The files of a package that a shard answers for: all, none, or those whose hash falls to it. Decided by paths alone, so it is the same
 * on every machine and whatever else is in the workspace; the parts are disjoint, and together they are the whole.
 */
export function filesOfShard(
  shard: Shard,
  packagePath: string,
  files: readonly string[],
): readonly string[] | undefined {
  if (files.length > undividedFiles) return files.filter((file) => falls(shard, `${packagePath}\0${file}`))
  return falls(shard, packagePath) ? files : undefined
}

function falls({ index, count }: Shard, key: string): boolean {
  return createHash('sha256').update(key).digest().readUInt32BE(0) % count === index - 1
}
