import type { Baseline } from './session-baseline'
import {
  advisoryLocks,
  channels,
  cursors,
  preparedStatements,
  role,
  settings,
  temporaryTables,
} from './session-kinds'
import { quoteLiteral, quoteName } from './session-sql'

/** Statements of SQL's PREPARE only: those of the protocol are the driver's, which would fail for ever without them. */
const deallocate =
  'DO $$DECLARE statement pg_catalog.text; BEGIN ' +
  'FOR statement IN SELECT p.name FROM pg_catalog.pg_prepared_statements AS p WHERE p.from_sql LOOP ' +
  "EXECUTE pg_catalog.format('DEALLOCATE %I', statement); END LOOP; END$$"

/**
 * One message that brings the kinds named back to the baseline. RESET keeps what ALTER ROLE ... SET and the login have set, and
 * comes first: after it the borrower's timeouts and rights are gone.
 */
export function resetText(kinds: number, baseline: Baseline): string {
  // A setting of the hooks may be one that their role could not set again.
  const isRoleReset = has(kinds, role) || (has(kinds, settings) && has(baseline.kinds, role))
  const parts: string[] = []
  if (isRoleReset) parts.push('RESET SESSION AUTHORIZATION', 'RESET ROLE')
  if (has(kinds, settings)) parts.push('RESET ALL', ...setting(baseline.settings))
  if (has(kinds, cursors)) parts.push('CLOSE ALL')
  if (has(kinds, channels)) {
    parts.push('UNLISTEN *', ...baseline.channels.map((channel) => `LISTEN ${quoteName(channel)}`))
  }
  if (has(kinds, temporaryTables)) parts.push('DISCARD TEMP')
  if (has(kinds, advisoryLocks)) parts.push('SELECT pg_catalog.pg_advisory_unlock_all()')
  if (has(kinds, preparedStatements)) parts.push(deallocate)
  if (isRoleReset && has(baseline.kinds, role)) {
    parts.push(
      ...setting([
        ['session_authorization', baseline.sessionUser],
        ['role', baseline.role],
      ]),
    )
  }
  return parts.join('; ')
}

function setting(pairs: Baseline['settings']): string[] {
  if (pairs.length === 0) return []
  const calls = pairs.map(
    ([name, value]) => `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`,
  )
  return [`SELECT ${calls.join(', ')}`]
}

function has(kinds: number, kind: number): boolean {
  return (kinds & kind) !== 0
}
