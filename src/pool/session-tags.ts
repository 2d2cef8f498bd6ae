import {
  advisoryLocks,
  channels,
  cursors,
  irreplaceable,
  other,
  preparedStatements,
  removing,
  resettable,
  role,
  settings,
  temporaryTables,
} from './session-kinds'
import { effectOfDeclare, effectOfReset, effectOfSet } from './session-text'

/** What runs code that nobody sees: it may leave anything, but for cursors, which end with it. */
const unseen = settings | role | channels | temporaryTables | advisoryLocks | preparedStatements

type TagEffect = number | ((text: string) => number)

/** Command tags with an effect of their own, in a text whose statement they end. */
const effects: Readonly<Record<string, TagEffect>> = {
  SET: effectOfSet,
  RESET: effectOfReset,
  LISTEN: channels,
  UNLISTEN: removing(channels),
  PREPARE: preparedStatements,
  DEALLOCATE: removing(preparedStatements),
  'DEALLOCATE ALL': removing(preparedStatements),
  'DECLARE CURSOR': effectOfDeclare,
  'CLOSE CURSOR': removing(cursors),
  'CLOSE CURSOR ALL': removing(cursors),
  'DISCARD TEMP': removing(temporaryTables),
  'DISCARD PLANS': 0,
  'DISCARD SEQUENCES': 0,
  'DISCARD ALL': role | removing(settings | channels | irreplaceable),
  'PREPARE TRANSACTION': 0,
  'SET CONSTRAINTS': 0,
  DO: unseen,
  CALL: unseen,
  LOAD: other,
}

/** The first words of all other command tags of PostgreSQL; what they do is in the transaction. */
const harmless = new Set(
  (
    'ALTER ANALYZE BEGIN CHECKPOINT CLUSTER COMMENT COMMIT COPY CREATE DELETE DROP EXPLAIN FETCH GRANT IMPORT INSERT LOCK ' +
    'MERGE MOVE NOTIFY REASSIGN REFRESH REINDEX RELEASE REVOKE ROLLBACK SAVEPOINT SECURITY SELECT SHOW START TRUNCATE UPDATE ' +
    'VACUUM VALUES'
  ).split(' '),
)

/**
 * The effect that the server's word for a finished statement tells.
 *
 * @param text the statement it belongs to, perhaps among others; empty when it is not known
 */
export function effectOfTag(tag: string, text: string): number {
  // Rows are counted by SELECT, INSERT, UPDATE, DELETE, MERGE, COPY, FETCH and MOVE.
  const last = tag.charCodeAt(tag.length - 1)
  if (last >= 48 && last <= 57) return 0
  if (tag === 'BEGIN' || tag === 'COMMIT' || tag === 'ROLLBACK') return 0
  const effect = Object.hasOwn(effects, tag) ? effects[tag] : undefined
  if (effect !== undefined) return typeof effect === 'number' ? effect : effect(text)
  const word = tag.split(' ', 1)[0] ?? ''
  if (word === 'DROP') return removing(temporaryTables)
  return harmless.has(word) ? 0 : resettable
}
