/** What stands for a literal in {@link codeOf}: one that names a role setting, and any other. */
export const roleLiteral = '\u0001'
export const anyLiteral = '\u0002'

const skipped =
  /--[^\n\r]*|\/\*[^]*?\*\/|'[^']*'|"[^"]*"|(?<![\w$\u0080-\uffff])\$((?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$[^]*?\$\1\$/g
const isRoleName = /^'(?:role|session_authorization)'$/i
/** These run SQL that they are given as text. */
const runsText = /_to_xml|ts_stat|crosstab|connectby|xpath_table/i

/**
 * The text without its comments, and with a placeholder for each literal; names in double quotes stay. `undefined` where
 * it cannot be told for certain what is a literal: a backslash means one thing or another by the settings of the session.
 */
export function codeOf(text: string): string | undefined {
  if (text.includes('\\') || runsText.test(text)) return undefined
  const code = text.replace(skipped, (token) => {
    if (token.startsWith('"')) return token
    if (token.startsWith('-') || token.startsWith('/')) return ' '
    return isRoleName.test(token) ? roleLiteral : anyLiteral
  })
  // Comments nest, which the pattern does not follow, and a quote that is left over has no partner.
  return /'|\/\*|\*\//.test(code) ? undefined : code
}

/** What stands between the brackets that begin at `start`, cut at its commas; `undefined` when they do not end. */
export function argumentsAt(code: string, start: number): string[] | undefined {
  const parts: string[] = []
  let depth = 0
  let from = start + 1
  for (let at = start; at < code.length; at++) {
    const char = code.charAt(at)
    if (char === '(' || char === '[') depth++
    else if (char === ')' || char === ']') depth--
    if (depth === 0 || (depth === 1 && char === ',')) {
      parts.push(code.slice(from, at).trim())
      from = at + 1
    }
    if (depth === 0) return parts
  }
  return undefined
}

/** A string of ours as SQL, whatever `standard_conforming_strings` is set to. */
export function quoteLiteral(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`
  return value.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/** A name as SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Names as SQL has them become the names that the server knows: folded, unless in double quotes. */
export function unquoteName(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}
