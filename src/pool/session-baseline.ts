import type { ClientBase } from 'pg'
import {
  advisoryLocks,
  channels,
  cursors,
  preparedStatements,
  settings,
  temporaryTables,
} from './session-kinds'

/** What a session has from its connect hooks, and has again after a reset. */
export interface Baseline {
  /** The kinds of which there is something; the role counts when a hook has touched it. */
  readonly kinds: number
  readonly settings: readonly (readonly [name: string, value: string])[]
  readonly sessionUser: string
  readonly role: string
  readonly channels: readonly string[]
}

/** The state of a session that nobody has touched. */
export const untouched: Baseline = { kinds: 0, settings: [], sessionUser: '', role: 'none', channels: [] }

/** Settings with a dot in their name are in no catalogue; they are asked for by what the hooks have mentioned. */
const dottedName = /[a-z_][\w$]*(?:\.[a-z_][\w$]*)+/gi

const question = `SELECT pg_catalog.json_build_object(
  'settings', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(name, pg_catalog.current_setting(name, true)))
    FROM (
      SELECT name FROM pg_catalog.pg_settings WHERE source = 'session' AND name !~ '^transaction_'
      UNION SELECT pg_catalog.unnest($1::pg_catalog.text[])
    ) AS candidates
    WHERE pg_catalog.current_setting(name, true) <> ''
       OR name IN (SELECT name FROM pg_catalog.pg_settings)),
  'sessionUser', session_user,
  'role', pg_catalog.current_setting('role'),
  'channels', (SELECT pg_catalog.json_agg(channel) FROM pg_catalog.pg_listening_channels() AS channel),
  'hasTemporary', EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema())
    OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.pg_my_temp_schema())
    OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typnamespace = pg_catalog.pg_my_temp_schema()),
  'hasLocks', EXISTS (
    SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid()),
  'hasPrepared', EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql),
  'hasCursors', EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)
)::pg_catalog.text AS state`

interface Answer {
  readonly settings: [string, string][] | null
  readonly sessionUser: string
  readonly role: string
  readonly channels: string[] | null
  readonly hasTemporary: boolean
  readonly hasLocks: boolean
  readonly hasPrepared: boolean
  readonly hasCursors: boolean
}

/**
 * Asks the server what the session has, in one round trip.
 *
 * @param mentioned texts and values that were sent by the hooks
 */
export async function readBaseline(client: ClientBase, mentioned: readonly string[]): Promise<Baseline> {
  const names = new Set(mentioned.flatMap((text) => text.match(dottedName) ?? []))
  const { rows } = await client.query<{ state: string }>(question, [[...names]])
  const answer = JSON.parse(rows[0]?.state ?? '') as Answer
  const found = answer.settings ?? []
  const listening = answer.channels ?? []
  const kinds: [boolean, number][] = [
    [found.length > 0, settings],
    [listening.length > 0, channels],
    [answer.hasTemporary, temporaryTables],
    [answer.hasLocks, advisoryLocks],
    [answer.hasPrepared, preparedStatements],
    [answer.hasCursors, cursors],
  ]
  return {
    kinds: kinds.reduce((sum, [isThere, kind]) => (isThere ? sum | kind : sum), 0),
    settings: found,
    sessionUser: answer.sessionUser,
    role: answer.role,
    channels: listening,
  }
}
