import { infra, pools } from './database'

/** Checksum of a collection's documents by source. */
export type Snapshot = ReadonlyMap<string, string>

export async function takeSnapshot(collection: string): Promise<Snapshot> {
  return pools.withConnection(async (conn) => {
    const found = await conn.query<{ source: string; checksum: string }>(
      'SELECT source, checksum FROM legacy_app.documents WHERE collection = $1 ORDER BY source',
      [collection],
    )
    return new Map(found.rows.map((row) => [row.source, row.checksum]))
  })
}

/** Sources that were added, removed or changed since the snapshot. */
export async function changedSince(collection: string, before: Snapshot): Promise<string[]> {
  const now = await takeSnapshot(collection)
  const sources = new Set([...before.keys(), ...now.keys()])
  return [...sources].filter((source) => before.get(source) !== now.get(source)).sort()
}

/** Rows of each kind in a collection. */
export async function countRows(collection: string): Promise<Record<string, number>> {
  return await infra.getDbConnection(async (conn) => {
    const counts: Record<string, number> = {}
    for (const table of ['documents', 'settings', 'jobs', 'audit', 'messages']) {
      const counted = await conn.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM legacy_app.${table} WHERE collection = $1`,
        [collection],
      )
      counts[table] = counted.rows[0]!.n
    }
    return counts
  })
}
