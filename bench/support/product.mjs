// What is measured, loaded the way a user loads it: by name, from the built package. The folder `bench` is a package of its own,
// so the names are looked up from the root. `pg` comes from there too: both sides run the very same driver.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)
const requireFromRoot = createRequire(new URL('package.json', root))

export const pg = requireFromRoot('pg')
export const { createConnectionService } = requireFromRoot('pgferry')
export const { createFerry, fromPgPool, staticFlags } = requireFromRoot('pgferry/legacy')
export const { startPostgres } = requireFromRoot('pgferry/testing')
/** The drop-in `Pool`. */
export const { Pool: DropInPool } = optional('pgferry/pg')
/** The strategy behind all of it. */
export const { ResilientPoolStrategy } = optional('pgferry', 'dist/pool/resilient/resilient-pool.js')

/** Each name that the entry has; `{}` where the package was built without it. The internal file is the second place to look. */
function optional(entry, internalFile) {
  try {
    const names = requireFromRoot(entry)
    if (internalFile === undefined || 'ResilientPoolStrategy' in names) return names
  } catch (error) {
    if (!['ERR_PACKAGE_PATH_NOT_EXPORTED', 'MODULE_NOT_FOUND'].includes(error.code)) throw error
    return {}
  }
  const path = fileURLToPath(new URL(internalFile, root))
  return existsSync(path) ? requireFromRoot(path) : {}
}
