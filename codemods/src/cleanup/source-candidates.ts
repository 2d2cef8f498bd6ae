import { join, relative } from 'node:path'
import { readTsconfig } from '../project/read-tsconfig'

/** Where the source of a built file may lie: beside, below the root of the sources, or in `src`. */
export function sourceCandidates(
  directory: string,
  tsconfigPath: string | undefined,
  built: string,
): readonly string[] {
  const { outDir, rootDir } = tsconfigPath === undefined ? {} : readTsconfig(tsconfigPath).options
  const stemOf = (path: string): string => path.replace(/(\.d)?\.([cm]?)[jt]sx?$/, '')
  const inside = relative(directory, built).split('/').slice(1).join('/')
  const stems = [
    ...(outDir !== undefined && built.startsWith(`${outDir}/`)
      ? [join(rootDir ?? directory, relative(outDir, built)), join(directory, 'src', relative(outDir, built))]
      : []),
    join(directory, inside),
    join(directory, 'src', inside),
    built,
  ].map(stemOf)
  return stems.flatMap((stem) =>
    ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs'].map((end) => stem + end),
  )
}
