/**
 * What a session keeps beyond the transaction, by kind. `other` is what nothing but the end of the session takes back: a loaded
 * library, a replication origin, a connection of `dblink`.
 */
export type SessionStateKind =
  | 'settings'
  | 'role'
  | 'channels'
  | 'temporary-tables'
  | 'advisory-locks'
  | 'prepared-statements'
  | 'cursors'
  | 'other'

/** Kinds as bits, since every statement is judged: a set of kinds is one number. */
export const settings = 1
export const role = 2
export const channels = 4
export const temporaryTables = 8
export const advisoryLocks = 16
export const preparedStatements = 32
export const cursors = 64
export const other = 128

/** Everything that one message can take back. */
export const resettable =
  settings | role | channels | temporaryTables | advisoryLocks | preparedStatements | cursors
/** What can be taken away, but not put back as it was. */
export const irreplaceable = temporaryTables | advisoryLocks | preparedStatements | cursors

const byBit: readonly (readonly [number, SessionStateKind])[] = [
  [settings, 'settings'],
  [role, 'role'],
  [channels, 'channels'],
  [temporaryTables, 'temporary-tables'],
  [advisoryLocks, 'advisory-locks'],
  [preparedStatements, 'prepared-statements'],
  [cursors, 'cursors'],
  [other, 'other'],
]

/** The names of a set of kinds. */
export function namesOf(kinds: number): SessionStateKind[] {
  return byBit.filter(([bit]) => (kinds & bit) !== 0).map(([, name]) => name)
}

/**
 * The effect of a statement that can only take state away, such as UNLISTEN: it matters where the baseline has some, and nowhere
 * else. An effect is a set of kinds that are touched, with these in the bits above.
 */
export function removing(kinds: number): number {
  return kinds << 8
}

/** The kinds that an effect touches on a connection whose baseline has `baselineKinds`. */
export function touchedBy(effect: number, baselineKinds: number): number {
  return (effect & 0xff) | ((effect >> 8) & baselineKinds)
}
