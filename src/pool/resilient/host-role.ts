import type { ClientBase } from 'pg'
import type { HostRole } from './host-table'

/** What a host says of itself. */
export interface RoleReport {
  readonly role: HostRole
  /** How far a standby is behind; 0 when it has replayed all that it has received. */
  readonly lagMs?: number
}

interface RoleRow {
  readonly is_in_recovery: boolean
  readonly lag_ms: number | null
}

/** A standby that has replayed everything is not behind, however long ago the primary last wrote. */
const roleQuery = `SELECT pg_is_in_recovery() AS is_in_recovery,
  CASE WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
  ELSE (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::float8 END AS lag_ms`

/** Asks a server whether it takes writes. One round trip. */
export async function askRole(client: ClientBase): Promise<RoleReport> {
  const { rows } = await client.query<RoleRow>(roleQuery)
  const [row] = rows
  if (row === undefined) return { role: 'unknown' }
  if (!row.is_in_recovery) return { role: 'primary' }
  return row.lag_ms === null ? { role: 'standby' } : { role: 'standby', lagMs: row.lag_ms }
}
