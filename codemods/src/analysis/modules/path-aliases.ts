import { dirname, resolve } from 'node:path'
import ts from 'typescript'

/** Where a specifier that is no relative path may lead inside the package: absolute paths without extension. */
export type PathAliases = (specifier: string) => readonly string[]

/** The `paths` and `baseUrl` of a tsconfig and of what it extends. A mistake in it means no aliases. */
export function readPathAliases(tsconfigPath: string): PathAliases {
  const { config } = ts.readConfigFile(tsconfigPath, (path) => ts.sys.readFile(path)) as { config?: unknown }
  // Only the options are wanted: looking for the files of a large project takes longer than all the rest.
  const host: ts.ParseConfigHost = { ...ts.sys, readDirectory: () => [] }
  const { options } = ts.parseJsonConfigFileContent(
    config ?? {},
    host,
    dirname(tsconfigPath),
    undefined,
    tsconfigPath,
  )
  const { baseUrl, pathsBasePath } = options as { baseUrl?: string; pathsBasePath?: string }
  const root = baseUrl ?? pathsBasePath ?? dirname(tsconfigPath)
  const patterns = Object.entries(options.paths ?? {})
  return (specifier) => {
    const mapped = patterns.flatMap(([pattern, targets]) => {
      const matched = matchPattern(pattern, specifier)
      return matched === undefined
        ? []
        : targets.map((target) =>
            resolve(
              root,
              target.replace('*', () => matched),
            ),
          )
    })
    return baseUrl === undefined ? mapped : [...mapped, resolve(baseUrl, specifier)]
  }
}

/** What stands for the star; the empty string when the pattern has none. */
function matchPattern(pattern: string, specifier: string): string | undefined {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === specifier ? '' : undefined
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)]
  const isMatch =
    specifier.length >= pattern.length - 1 && specifier.startsWith(head) && specifier.endsWith(tail)
  return isMatch ? specifier.slice(head.length, specifier.length - tail.length) : undefined
}
