import type { DbConnection, PoolManager } from '@legacy-app/core'

/** Keeps one connection for each advisory lock that is held: `lock` takes it, `unlock` gives it back. */
export class LockKeeper {
  private readonly pools: PoolManager
  private readonly holders = new Map<string, DbConnection>()

  constructor(pools: PoolManager) {
    this.pools = pools
  }

  /** Whether the lock is ours now. */
  async lock(name: string): Promise<boolean> {
    if (this.holders.has(name)) return false
    const conn = await this.pools.getconn()
    const locked = await conn.query<{ locked: boolean }>('SELECT pg_try_advisory_lock(hashtext($1)) AS locked', [
      name,
    ])
    if (locked.rows[0]?.locked !== true) {
      this.pools.putconn(conn)
      return false
    }
    this.holders.set(name, conn)
    return true
  }

  async unlock(name: string): Promise<void> {
    const conn = this.holders.get(name)
    if (conn === undefined) return
    this.holders.delete(name)
    try {
      await conn.query('SELECT pg_advisory_unlock(hashtext($1))', [name])
    } finally {
      this.pools.putconn(conn)
    }
  }
}
