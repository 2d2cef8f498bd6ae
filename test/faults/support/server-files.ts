import { chown, stat, writeFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CountedServer } from './fault-watch'

export async function dataDirectoryOf(server: CountedServer): Promise<string> {
  const [row] = await server.query('SHOW data_directory')
  return String(row?.['data_directory'])
}

/** Writes a file that the server will read; it belongs to whoever the server runs as. */
export async function writeServerFile(directory: string, name: string, text: string): Promise<void> {
  const path = join(directory, name)
  const { uid, gid } = await stat(directory)
  await writeFile(path, text, { mode: 0o600 })
  if (process.getuid?.() === 0) await chown(path, uid, gid)
}

/** The first line of `pg_hba.conf` that fits decides; these come before all others. */
export async function prependAccessRules(server: CountedServer, rules: readonly string[]): Promise<void> {
  const directory = await dataDirectoryOf(server)
  const old = await readFile(join(directory, 'pg_hba.conf'), 'utf8')
  await writeServerFile(directory, 'pg_hba.conf', `${rules.join('\n')}\n${old}`)
  await server.query('SELECT pg_reload_conf()')
}
