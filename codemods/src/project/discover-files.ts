import { globSync } from 'tinyglobby'
import { compareText, toRelative } from './find-workspace'
import type { WorkspacePackage } from './workspace'

const sourcePattern = '**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}'

/** Never somebody's own source: dependencies, output of builds and generators, declarations, hidden folders. */
const neverSource = [
  '**/node_modules/**',
  '**/bower_components/**',
  '**/{dist,build,out,coverage,vendor,vendored,generated,__generated__,.*}/**',
  '**/*.generated.*',
  '**/*.min.{js,mjs,cjs}',
  '**/*.d.{ts,mts,cts}',
  '**/pgferry.config.*',
]

const tests = ['**/*.{test,spec}.*', '**/{test,tests,__tests__}/**']

export interface DiscoverOptions {
  readonly includeTests: boolean
  /** Packages whose folders lie inside this one keep their own files. */
  readonly otherPackages: readonly WorkspacePackage[]
}

/**
 * Absolute paths of a package's source files, in the order of their names. Symbolic links are not followed, so nothing
 * outside the package can be reached.
 */
export function discoverFiles(target: WorkspacePackage, options: DiscoverOptions): string[] {
  const nested = options.otherPackages
    .filter((other) => other !== target && isBelow(other.path, target.path))
    .map(
      (other) =>
        `${escapeGlob(target.path === '.' ? other.path : other.path.slice(target.path.length + 1))}/**`,
    )
  const found = globSync([...(target.include ?? [sourcePattern])], {
    cwd: target.directory,
    absolute: true,
    ignore: [...neverSource, ...(options.includeTests ? [] : tests), ...nested, ...target.exclude],
    followSymbolicLinks: false,
    expandDirectories: false,
    onlyFiles: true,
  })
  return found
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path) && !toRelative(target.directory, path).startsWith('../'))
    .sort(compareText)
}

function isBelow(path: string, parent: string): boolean {
  return parent === '.' ? path !== '.' : path.startsWith(`${parent}/`)
}

function escapeGlob(path: string): string {
  return path.replace(/[\\*?[\]{}()!]/g, (character) => `\\${character}`)
}
