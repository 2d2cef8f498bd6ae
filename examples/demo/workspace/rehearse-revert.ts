import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Component } from '../crossing/components'
import type { Toolbox } from './toolbox'

/** Content and mode of each source file of a package, by path. */
export type Fingerprint = ReadonlyMap<string, string>

/** Paths whose content or mode differs, or that only one of the two has. Pure. */
export function differingFiles(a: Fingerprint, b: Fingerprint): readonly string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).sort()
}

/**
 * Runs a package's codemod, takes it back, and compares every byte.
 *
 * @returns how many files were written and restored.
 * @throws Error when a file is not what it was
 */
export async function rehearseRevert(component: Component, toolbox: Toolbox): Promise<number> {
  const folder = toolbox.workspace.path(`packages/${component}`)
  const before = await fingerprint(folder)
  await toolbox.migrate([component])
  const changed = differingFiles(before, await fingerprint(folder))
  await toolbox.revert(component)
  const left = differingFiles(before, await fingerprint(folder))
  if (left.length > 0) throw new Error(`pgferry revert ${component} left other bytes in ${left.join(', ')}`)
  if (changed.length === 0)
    throw new Error(`pgferry migrate ${component} changed no file: there is nothing to take back`)
  return changed.length
}

async function fingerprint(folder: string): Promise<Fingerprint> {
  const found = new Map<string, string>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(folder, path)
    if (!entry.isFile() || /(^|[\\/])(dist|node_modules)[\\/]/.test(name)) continue
    const { mode } = await stat(path)
    found.set(
      name,
      `${mode.toString(8)} ${createHash('sha256')
        .update(await readFile(path))
        .digest('hex')}`,
    )
  }
  return found
}
