import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { CodemodError, describeCause } from './codemod-error'
import type { PgferryConfig } from './define-config'

export const configFileNames = ['ts', 'mts', 'cts', 'mjs', 'js', 'cjs', 'json'].map(
  (extension) => `pgferry.config.${extension}`,
)

export interface LoadedConfig {
  /** Absolute path. */
  readonly path: string
  readonly config: PgferryConfig
}

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

/**
 * Loads and validates a configuration file. TypeScript is compiled on the fly, and `@pgferry/codemods` resolves to this
 * very package, installed in the workspace or not.
 *
 * @throws CodemodError `CONFIG_INVALID` when it throws, exports nothing, or has mistakes.
 */
export async function loadConfig(path: string, knownDialects: readonly string[]): Promise<LoadedConfig> {
  const value = await importConfig(path)
  // what reads and checks a configuration is large; without one it is never needed
  const { validateConfig } = await import('./validate-config.js')
  return { path, config: validateConfig(value, basename(path), knownDialects) }
}

async function importConfig(path: string): Promise<unknown> {
  try {
    if (path.endsWith('.json')) return JSON.parse(readFileSync(path, 'utf8'))
    const { createJiti } = await import('jiti')
    const jiti = createJiti(__filename, {
      alias: { '@pgferry/codemods': require.resolve('./define-config') },
      fsCache: false,
      moduleCache: false,
      interopDefault: true,
    })
    return await jiti.import(path, { default: true })
  } catch (cause) {
    throw new CodemodError(
      'CONFIG_INVALID',
      `${basename(path)} cannot be loaded: ${describeCause(cause)}`,
      placesOf(cause, path),
      { cause },
    )
  }
}

/** Line and column, which a parser puts behind the first line of its message. */
function placesOf(cause: unknown, path: string): string[] {
  const { message } = cause as { readonly message?: unknown }
  const place = typeof message === 'string' ? /:(\d+):(\d+)\s*$/m.exec(message) : null
  return place === null ? [] : [`${basename(path)}:${place[1] ?? ''}:${place[2] ?? ''}`]
}
