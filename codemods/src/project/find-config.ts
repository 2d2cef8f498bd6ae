import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { CodemodError } from './codemod-error'

export const configFileNames = ['ts', 'mts', 'cts', 'mjs', 'js', 'cjs', 'json'].map(
  (extension) => `pgferry.config.${extension}`,
)

/**
 * The configuration file to use: the named one, or the nearest at or above `cwd` within the repository.
 *
 * @throws CodemodError `CONFIG_NOT_FOUND` when a file was named and is not there.
 */
export function findConfig(cwd: string, named: string | undefined): string | undefined {
  if (named !== undefined) {
    const path = resolve(cwd, named)
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isFile() === true) return path
    if (found !== undefined) {
      throw new CodemodError(
        'CONFIG_NOT_FOUND',
        `--config: received "${named}", which is a folder, expected a file`,
      )
    }
    throw new CodemodError('CONFIG_NOT_FOUND', `--config: received "${named}", and there is no such file`)
  }
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = configFileNames.map((name) => join(folder, name)).find((path) => existsSync(path))
    if (found !== undefined) return found
    if (existsSync(join(folder, '.git')) || dirname(folder) === folder) return undefined
  }
}
