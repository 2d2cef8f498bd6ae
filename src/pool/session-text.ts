import { advisoryLocks, cursors, other, removing, role, settings, temporaryTables } from './session-kinds'
import { anyLiteral, argumentsAt, codeOf, roleLiteral, unquoteName } from './session-sql'

/** Read for every statement: what no command tag tells is in one of these words. Most statements have none of them. */
const suspicious =
  /advisory_(?:un)?lock|set_config|temp(?:orary|_\d+)?\b|pg_settings|dblink_connect|replication_origin_session|(?:logical|physical)_replication_slot/i

const createsTemporary =
  /\b(?:create|replace|local|global)\s+temp(?:orary)?\b|(?<!\b(?:insert|merge)\s+)\binto\s+(?:(?:local|global)\s+)?temp(?:orary)?\s+(?:table\s+)?["\w]/i
const namesTemporarySchema = /\bpg_temp/i
const changesSomething = /\b(?:create|into|set|drop|alter)\b/i
const endsWithTransaction = /\bon\s+commit\s+drop\b/i
const updatesSettings = /\bupdate\s+(?:only\s+)?(?:"?pg_catalog"?\s*\.\s*)?"?pg_settings/i
const leavesOther =
  /dblink_connect|replication_origin_session|(?:create|copy)_(?:logical|physical)_replication_slot/i

/**
 * The effect of what a statement calls or creates, which its command tag does not show. Counted when it is sent: a lock stays
 * when the statement that took it fails. What a function does inside is not seen.
 */
export function effectOfText(text: string): number {
  return suspicious.test(text) ? inspect(text) : 0
}

function inspect(text: string): number {
  const code = codeOf(text)
  const source = code ?? text
  let effect = 0
  if (/advisory_lock/i.test(source)) effect |= advisoryLocks
  if (/advisory_unlock/i.test(source)) effect |= removing(advisoryLocks)
  if (updatesSettings.test(source)) effect |= settings | role
  if (leavesOther.test(source)) effect |= other
  if (code === undefined) {
    if (/set_config/i.test(text)) effect |= settings | role
    return makesTemporary(text) ? effect | temporaryTables : effect
  }
  effect |= effectOfSetConfig(code)
  const isKept = (statement: string): boolean =>
    makesTemporary(statement) && !endsWithTransaction.test(statement)
  return code.split(';').some(isKept) ? effect | temporaryTables : effect
}

function makesTemporary(statement: string): boolean {
  if (createsTemporary.test(statement)) return true
  return namesTemporarySchema.test(statement) && changesSomething.test(statement)
}

/** Of `set_config(name, value, is_local)` only those that are not local count. */
function effectOfSetConfig(code: string): number {
  let effect = 0
  for (const { index, 0: word } of code.matchAll(/set_config"?\s*\(?/gi)) {
    const [name, , isLocal] = (word.endsWith('(') && argumentsAt(code, index + word.length - 1)) || []
    if (isLocal !== undefined && /^true$/i.test(isLocal)) continue
    if (name === roleLiteral) effect |= role
    else effect |= name === anyLiteral ? settings : settings | role
  }
  return effect
}

const beginsWithSet = /^\s*set\s/i
const isTransactionLocal =
  /^\s*set\s+(?:local\s+(?!\s*\.)|constraints\s+(?!\s*\.)|(?:session\s+)?transaction\s+(?:isolation|read|not|deferrable|snapshot)\b)/i
const setsRole =
  /^\s*set\s+(?:session\s+)?(?:session\s+authorization\b|"?(?:role|session_authorization)"?(?!["\w]|\s*\.))/i

/** The effect of the text whose command tag was `SET`; without a text it may be any. */
export function effectOfSet(text: string): number {
  // The tag says that there is a SET: where there is one statement, this is it.
  if (!text.includes(';') && isTransactionLocal.test(text)) return 0
  const sets = codeOf(text)
    ?.split(';')
    .filter((statement) => beginsWithSet.test(statement))
  if (sets === undefined || sets.length === 0) return settings | role
  return sets
    .filter((statement) => !isTransactionLocal.test(statement))
    .reduce((effect, statement) => effect | (setsRole.test(statement) ? role : settings), 0)
}

/** The effect of the text whose command tag was `RESET`. What is reset has its value at login, which is the baseline's unless a hook set it. */
export function effectOfReset(text: string): number {
  // It sets the role to none, which is not what ALTER ROLE ... SET role has it at login.
  const isAuthorization = text === '' || /authorization/i.test(text)
  return removing(settings | role) | (isAuthorization ? role : 0)
}

/** The effect of the text whose command tag was `DECLARE CURSOR`: a cursor without HOLD ends with the transaction. */
export function effectOfDeclare(text: string): number {
  return text === '' || /\bhold\b/i.test(text.replace(/\bwithout\s+hold\b/gi, '')) ? cursors : 0
}

/** The statements that a text deallocates by name. */
export function deallocatedNames(text: string): string[] {
  const names = (codeOf(text) ?? text).matchAll(/\bdeallocate\s+(?:prepare\s+)?("(?:[^"]|"")+"|[^\s;"]+)/gi)
  return [...names].map(([, name = '']) => unquoteName(name))
}
