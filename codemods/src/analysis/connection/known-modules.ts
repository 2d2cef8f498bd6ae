import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { importedNames } from '../../project/import-scan'

/** The modules that a package knows: itself, its dependencies, those of the workspace around it, and what its files import. */
export function knownModules(
  files: readonly ts.SourceFile[],
  packagePath: string,
  readDisk: boolean,
): ReadonlySet<string> {
  const known = new Set(readDisk ? dependenciesAt(packagePath) : [])
  for (const file of files) {
    // the scanner is only asked where the characters show something new
    if (importedNames(file.text).every((name) => name.startsWith('.') || known.has(name))) continue
    for (const { fileName } of ts.preProcessFile(file.text, true, true).importedFiles)
      if (!fileName.startsWith('.')) known.add(fileName)
    // Annotations in comments and `import('pg')` types, which are no imports to the scanner.
    for (const [, name] of file.text.matchAll(/import\(\s*['"]([^'"]+)['"]/g))
      if (name !== undefined) known.add(name)
  }
  return known
}

const postgresDrivers = ['pg', 'pg-pool', 'pg-native', '@neondatabase/serverless', '@vercel/postgres']

const otherDrivers = [
  ...['mysql', 'mysql2', 'mariadb', 'sqlite3', 'better-sqlite3', 'sql.js', '@libsql/client'],
  ...['oracledb', 'tedious', 'mssql', 'mongodb', 'redis', 'ioredis'],
]

export function isPostgresOnly(modules: ReadonlySet<string>): boolean {
  return postgresDrivers.some((name) => modules.has(name)) && !otherDrivers.some((name) => modules.has(name))
}

const otherServers = ['mysql', 'mysql2', 'mariadb', 'oracledb', 'tedious', 'mssql', 'snowflake-sdk']

/** Whether the package knows the driver of another database server, and none of PostgreSQL's. */
export function isOtherServerOnly(modules: ReadonlySet<string>): boolean {
  return otherServers.some((name) => modules.has(name)) && !postgresDrivers.some((name) => modules.has(name))
}

function dependenciesAt(packagePath: string): readonly string[] {
  const found: string[] = []
  for (let folder = packagePath; ; folder = dirname(folder)) {
    found.push(...dependenciesOf(join(folder, 'package.json')))
    if (existsSync(join(folder, '.git')) || dirname(folder) === folder) return found
  }
}

function dependenciesOf(path: string): readonly string[] {
  if (!existsSync(path)) return []
  let manifest: Readonly<Record<string, unknown>>
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch {
    // a manifest that does not parse tells nothing; the workspace reports it
    return []
  }
  const own = typeof manifest.name === 'string' ? [manifest.name] : []
  const lists = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies']
  const listed = lists.flatMap((list) => {
    const entries = manifest[list]
    return typeof entries === 'object' && entries !== null ? Object.keys(entries) : []
  })
  return [...own, ...listed]
}
