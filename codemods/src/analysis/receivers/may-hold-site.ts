/**
 * Whether a text may hold a call such as `receiver.word(…)`, `receiver['word'](…)` or `word(…)` of one of the words: the question of
 * `calledName`, asked of characters, so that most files that merely mention a word need not be parsed. In doubt the answer is yes.
 */
export function mayHoldSite(text: string, words: readonly string[]): boolean {
  return words.some((word) => {
    if (!hasCompany(word, text)) return false
    for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
      if (isCall(text, at, at + word.length)) return true
    }
    return false
  })
}

/** `app.use(…)` is in every second file; a pool that is used is called a pool there, or comes from where pools come from. */
function hasCompany(word: string, text: string): boolean {
  return word !== 'use' || /pool[\w$\])!?\s]*\.\s*use\b/i.test(text) || text.includes('generic-pool')
}

const identifierPart = /[\p{ID_Continue}$]/u

function isCall(text: string, start: number, end: number): boolean {
  if (identifierPart.test(text.charAt(end)) || identifierPart.test(text.charAt(start - 1))) return false
  const before = lastCharacter(text, start)
  const rest = text.slice(end, end + 200)
  if (isQuote(before)) return /^['"`]\s*(\]|\/[/*])/.test(rest)
  if (!afterCallee.test(rest)) return false
  return before === '.' || !/\bfunction\s*\*?\s*$/.test(text.slice(Math.max(0, start - 20), start))
}

/** What may follow a callee: arguments, type arguments, `?.`, `!`, a closing parenthesis, a cast, a comment; or a call by other means. */
const afterCallee = /^\s*([(<?!)`]|\/[/*]|as\b|satisfies\b|\.\s*(call|apply|bind)\b)/

/** The last character before an offset that is no white space. */
function lastCharacter(text: string, offset: number): string {
  let at = offset - 1
  while (at >= 0 && /\s/.test(text.charAt(at))) at--
  return text.charAt(at)
}

function isQuote(character: string): boolean {
  return character === '"' || character === "'" || character === '`'
}
