/** No report needs more of a statement. */
const maxLength = 4_000

/** What the scanner meets, in order of preference; each begins where the last one ended. */
const space = /\s+|--[^\n]*/y
const openComment = /\/\*/y
const commentMark = /\/\*|\*\//g
const identifier = /"(?:[^"]|"")*"|\$\d+|[\p{L}_][\p{L}\p{N}_$]*/uy
const escapeString = /e'(?:[^'\\]|''|\\[^])*(?:'|$)/iy
const plainString = /(?:u&|[bxn])?'(?:[^']|'')*(?:'|$)/iy
const dollarQuote = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy
const number = /(?:0[xob][\da-f_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?)/iy

/**
 * The statement with every literal and number replaced by `?` and comments left out, for reports: what is left are keywords,
 * names and `$1`. Where it cannot tell where a literal ends, everything after its beginning is left out.
 */
export function sanitiseSql(text: string): string {
  const source = text.slice(0, maxLength)
  const parts: string[] = []
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  while (at < source.length) {
    let token: string | undefined
    if ((token = match(space)) !== undefined) parts.push(' ')
    else if (match(openComment) !== undefined) {
      at = endOfComment(source, at)
      parts.push(' ')
      continue
    } else if ((token = match(escapeString)) !== undefined) parts.push('?')
    else if ((token = match(plainString)) !== undefined) {
      parts.push('?')
      // With standard_conforming_strings off, a backslash before the quote means that the literal goes on.
      if (/\\'/.test(token)) break
    } else if ((token = match(dollarQuote)) !== undefined) {
      const end = source.indexOf(token, at + token.length)
      parts.push('?')
      if (end === -1) break
      at = end
    } else if ((token = match(identifier)) !== undefined) parts.push(token)
    else if ((token = match(number)) !== undefined) parts.push('?')
    else parts.push((token = source.charAt(at)))
    at += token.length
  }
  const sanitised = withoutSettings(parts.join('').replace(/ +/g, ' ').trim())
  return text.length > maxLength ? `${sanitised} …` : sanitised
}

/** Comments nest. */
function endOfComment(source: string, start: number): number {
  let depth = 0
  commentMark.lastIndex = start
  for (let mark = commentMark.exec(source); mark !== null; mark = commentMark.exec(source)) {
    depth += mark[0] === '/*' ? 1 : -1
    if (depth === 0) return commentMark.lastIndex
  }
  return source.length
}

/** The value of a setting may be a bare word or a name in double quotes: `SET app.token = abc`. */
function withoutSettings(text: string): string {
  if (!/\bset\b/i.test(text)) return text
  return text
    .split(';')
    .map((statement) => statement.replace(settingValue, '$1 ?'))
    .join(';')
}

const settingValue = /^(\s*(?:set|alter (?:role|user|database|system)\b.*? set)\b[^=]*?(?:=|\bto\b)).+$/is

/** The commands of PostgreSQL by their first word; anything else is a mistake and may be anything. */
const commands = new Set(
  (
    'ABORT ALTER ANALYZE BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE DELETE DISCARD DO ' +
    'DROP END EXECUTE EXPLAIN FETCH GRANT IMPORT INSERT LISTEN LOAD LOCK MERGE MOVE NOTIFY PREPARE REASSIGN REFRESH REINDEX ' +
    'RELEASE RESET REVOKE ROLLBACK SAVEPOINT SECURITY SELECT SET SHOW START TABLE TRUNCATE UNLISTEN UPDATE VACUUM VALUES WITH'
  ).split(' '),
)
const firstWord = /^(?:\s|\(|;|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*([a-z]+)/i

/** The command of a statement in capitals, such as `SELECT`; `undefined` when it is none of PostgreSQL's. */
export function operationOf(text: string): string | undefined {
  const word = firstWord.exec(text.slice(0, maxLength))?.[1]?.toUpperCase()
  return word !== undefined && commands.has(word) ? word : undefined
}
