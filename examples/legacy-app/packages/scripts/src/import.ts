import { saveDocument, type DocumentInput } from '@legacy-app/core'
import { infra, pools } from './database'

export interface ImportResult {
  readonly imported: number
  readonly unchanged: number
}

/** Imports JSON lines as `exportLines` writes them, all or nothing. */
export async function importLines(collection: string, lines: readonly string[]): Promise<ImportResult> {
  const documents = lines.map(parseLine)
  const conn = await pools.getconn()
  const counts = { imported: 0, unchanged: 0 }
  try {
    await conn.query('BEGIN')
    for (const document of documents) {
      const saved = await saveDocument(conn, collection, document)
      counts[saved.unchanged ? 'unchanged' : 'imported'] += 1
    }
    await conn.query('COMMIT')
    return counts
  } catch (error) {
    await conn.query('ROLLBACK')
    throw error
  } finally {
    pools.putconn(conn)
  }
}

/** Sources of an import that exist already. */
export async function conflictsOf(collection: string, lines: readonly string[]): Promise<string[]> {
  const sources = lines.map((line) => parseLine(line).source)
  return infra.getDbConnection(async (conn) => {
    const found = await conn.query<{ source: string }>(
      'SELECT source FROM legacy_app.documents WHERE collection = $1 AND source = ANY ($2) ORDER BY source',
      [collection, sources],
    )
    return found.rows.map((row) => row.source)
  })
}

/** Runs an import and takes it back: what would it do? */
export async function rehearseImport(collection: string, lines: readonly string[]): Promise<ImportResult> {
  return pools.withConnection(async (conn) => {
    await conn.query('BEGIN')
    try {
      const counts = { imported: 0, unchanged: 0 }
      for (const line of lines) {
        const saved = await saveDocument(conn, collection, parseLine(line))
        counts[saved.unchanged ? 'unchanged' : 'imported'] += 1
      }
      return counts
    } finally {
      await conn.query('ROLLBACK')
    }
  })
}

function parseLine(line: string): DocumentInput {
  const value = JSON.parse(line) as Partial<DocumentInput> | null
  if (typeof value?.source !== 'string' || typeof value.title !== 'string' || typeof value.body !== 'string') {
    throw new TypeError(`expected source, title and body in: ${line.slice(0, 60)}`)
  }
  return { source: value.source, title: value.title, body: value.body }
}
