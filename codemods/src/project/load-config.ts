import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { createJiti } from 'jiti'
import { CodemodError, describeCause } from './codemod-error'
import type { PgferryConfig } from './define-config'
import { validateConfig } from './validate-config'

// What reads and checks a configuration is large: this file is loaded where there is one.

export interface LoadedConfig {
  /** Absolute path. */
  readonly path: string
  readonly config: PgferryConfig
}

/**
 * Loads and validates a configuration file. TypeScript is compiled on the fly, and `@pgferry/codemods` resolves to this
 * very package, installed in the workspace or not.
 *
 * @throws CodemodError `CONFIG_INVALID` when it throws, exports nothing, or has mistakes.
 */
export async function loadConfig(path: string, knownDialects: readonly string[]): Promise<LoadedConfig> {
  const value = await importConfig(path)
  return { path, config: validateConfig(value, basename(path), knownDialects) }
}

async function importConfig(path: string): Promise<unknown> {
  try {
    if (path.endsWith('.json')) return JSON.parse(readFileSync(path, 'utf8'))
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
