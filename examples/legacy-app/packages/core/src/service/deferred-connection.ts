import type { DbConnection, PoolManager } from '../db/types'

/** A handle that takes its connection late: the getter takes nothing, `open` does. */
export class DeferredConnection {
  private readonly pools: PoolManager
  private conn: DbConnection | undefined

  constructor(pools: PoolManager) {
    this.pools = pools
  }

  async open(): Promise<DbConnection> {
    this.conn ??= await this.pools.getconn()
    return this.conn
  }

  close(): void {
    if (this.conn === undefined) return
    this.pools.putconn(this.conn)
    this.conn = undefined
  }
}

/** The two-step getter. */
export function deferConnection(pools: PoolManager): DeferredConnection {
  return new DeferredConnection(pools)
}
