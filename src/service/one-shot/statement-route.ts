/** `share`: may ride on a connection with statements of others. `lease`: needs a connection of its own. */
export interface StatementRoute {
  readonly kind: 'share' | 'lease'
  /** Plainly reads only: whether it was executed makes no difference to anybody. */
  readonly isReadOnly: boolean
}

const lease: StatementRoute = Object.freeze({ kind: 'lease', isReadOnly: false })

/** Everything that is not one of these may concern the session or the transaction, or cannot run inside of one. */
const sharedCommand = /^[\s(]*(select|insert|update|delete|merge|with|values|table|show)\b/
/** What makes a statement of these commands a matter of the session all the same. */
const sessionFunction =
  /\b(?:pg_(?:try_)?advisory_(?!xact)\w*|set_config|setseed|currval|lastval|pg_export_snapshot|dblink\w*|query_to_xml\w*|pg_temp\w*)\b/
/** `SELECT … INTO` makes a table, which may be a temporary one. */
const selectInto = /(?<!\b(?:insert|merge)\s+)\binto\b/
const severalStatements = /;[\s;]*[^\s;]/
const writingWord = /\b(?:insert|update|delete|merge|into|for|nextval)\b/
const calledFunction = /([a-z_][\w$]*)\s*\(/g
/** Words before a bracket that call nothing, and functions that change nothing. */
const harmlessCalls = new Set(
  (
    'select from where and or not in any some all exists values as on using by over filter within with then else when having union ' +
    'except intersect limit offset case row array distinct between like ilike is cast coalesce nullif greatest least count sum avg ' +
    'min max abs ceil floor round lower upper length trim substring substr replace concat concat_ws left right split_part ' +
    'string_agg array_agg json_agg jsonb_agg json_build_object jsonb_build_object to_json to_jsonb row_to_json unnest ' +
    'generate_series now date_trunc extract age to_char to_date to_timestamp row_number rank dense_rank lag lead numeric varchar ' +
    'char timestamp timestamptz interval time decimal bit date_part first_value last_value'
  ).split(' '),
)

/**
 * Decides by its text how a statement runs. Pure. When in doubt it is `lease`, which is right for everything; what is hidden in
 * a function that the statement calls cannot be seen.
 */
export function decideRoute(text: string): StatementRoute {
  const bare = stripLiterals(text)?.toLowerCase()
  if (bare === undefined || !sharedCommand.test(bare)) return lease
  if (severalStatements.test(bare) || sessionFunction.test(bare) || selectInto.test(bare)) return lease
  return { kind: 'share', isReadOnly: isPlainRead(bare) }
}

function isPlainRead(bare: string): boolean {
  if (writingWord.test(bare)) return false
  for (const [, name = ''] of bare.matchAll(calledFunction)) if (!harmlessCalls.has(name)) return false
  return true
}

/** In order: comments, dollar quotes, `E''` with its backslashes, plain literals, quoted names. */
const quoted =
  /--[^\n\r]*|\/\*|(?<![\w$])\$([a-zA-Z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|(?<![\w$])[eE]'(?:[^'\\]|\\[^]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|['"]/g

/**
 * The text without comments and literals, with quoted names laid bare: keywords, names and brackets are what is left. Undefined
 * when it cannot be told where a literal ends.
 */
function stripLiterals(text: string): string | undefined {
  let bare = ''
  let from = 0
  quoted.lastIndex = 0
  for (let found = quoted.exec(text); found !== null; found = quoted.exec(text)) {
    const [token, tag = ''] = found
    bare += text.slice(from, found.index)
    from = endOfToken(text, found.index, token, tag)
    if (from < 0) return undefined
    if (token.startsWith('"')) {
      // Unicode escapes can spell any name.
      if (/u&$/i.test(bare)) return undefined
      // Laid bare, for it may be the name of a function; what is in it cannot be mistaken for the end of a statement.
      bare += ` ${token.slice(1, -1).replace(/\W/g, '_')} `
    } else {
      bare += token.startsWith('-') || token.startsWith('/') ? ' ' : " '' "
    }
    quoted.lastIndex = from
  }
  return bare + text.slice(from)
}

/** Where the text goes on; -1 when nobody can tell. */
function endOfToken(text: string, at: number, token: string, tag: string): number {
  const next = at + token.length
  if (token === '/*') return endOfComment(text, next)
  if (token.startsWith('$')) {
    const end = text.indexOf(`$${tag}$`, next)
    return end < 0 ? -1 : end + tag.length + 2
  }
  if (token === "'" || token === '"') return -1
  // With standard_conforming_strings off, a backslash before the last quote would be an escape.
  return token.startsWith("'") && /\\'/.test(token) ? -1 : next
}

/** Comments nest. */
function endOfComment(text: string, from: number): number {
  const bounds = /\/\*|\*\//g
  bounds.lastIndex = from
  for (let depth = 1, found = bounds.exec(text); found !== null; found = bounds.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return bounds.lastIndex
  }
  return -1
}
