import { connectionService } from '../../dialects/connection-service'
import { dialectWords } from '../../dialects/dialect-words'
import type { Dialect } from '../../model/dialect'
import type { PackageSources } from '../../model/source'
import { locateAcquires } from './locate-acquires'
import { parsePackage } from '../modules/parse-package'

/**
 * Names of the package's own functions that give a connection to whoever calls them: a file that mentions one may hold a site although
 * no word of a dialect is in it. Only the files whose text shows such a function are parsed.
 */
export function furtherWords(
  sources: PackageSources,
  dialects: readonly Dialect[],
  words: readonly string[],
): readonly string[] {
  const taking = words.filter((word) => !isOnlyScopedOrRelease(word, dialects))
  const returning = returnedCall(taking)
  const files = sources.files.filter(({ text }) => returning(text))
  if (files.length === 0) return []
  const { tsconfigPath: _none, ...untyped } = { ...sources, files }
  const { wrapperNames } = locateAcquires(parsePackage(untyped), untyped, dialects, { readDisk: true })
  return wrapperNames.filter((name) => !words.includes(name))
}

/** What such a call returns is no connection: nobody hands one on by it. */
function isOnlyScopedOrRelease(word: string, dialects: readonly Dialect[]): boolean {
  const all = [...dialects, connectionService]
  const takes = all.some(({ acquire }) => acquire.some(({ method }) => method === word))
  return !takes && all.some((dialect) => dialectWords([dialect]).includes(word))
}

/** How far in front of a call it is looked for what becomes of it. */
const reach = 600

/**
 * `return pool.connect()`, `given ?? (await pool.connect())` behind an arrow, a callback that keeps a promise, or a variable that is given
 * one and returned. Calls are few, so they are looked for first, and what stands in front of each.
 */
function returnedCall(words: readonly string[]): (text: string) => boolean {
  const names = words.map((word) => word.replace(/[$]/g, '\\$&')).join('|')
  const calls = new RegExp(`\\b(?:${names})\\s*(?:<[^>]*>)?\\(`, 'g')
  return (text) => {
    for (const { index } of text.matchAll(calls)) {
      const before = text.slice(Math.max(0, index - reach), index)
      const statement = before.slice(1 + Math.max(...[';', '{', '}'].map((end) => before.lastIndexOf(end))))
      if (returning.test(statement) || isInPromise(before) || isAssignedAndReturned(statement, text))
        return true
    }
    return false
  }
}

/** One expression up to the end of the text: a line ends where it surely goes on. */
const returning = /(?:\breturn\b|=>)(?:[^=!\n]|!(?!=)|[=!]==?|(?<=(?:[(?:|&]|=>)\s*)\n|\n(?=\s*[?:|&.)]))*$/

/** Inside the parentheses of `new Promise(…)`. */
function isInPromise(before: string): boolean {
  const at = before.lastIndexOf('new Promise')
  if (at === -1) return false
  const inside = before.slice(at)
  return inside.split('(').length > inside.split(')').length
}

/** Where lines end without a semicolon, more is taken for one statement than is: one file more that is parsed for nothing. */
function isAssignedAndReturned(statement: string, text: string): boolean {
  const names = statement.matchAll(/(?<![\w$.])([\w$]{1,80})\s*(?::[^=]{1,300})?(?:\?\?|\|\|)?=(?![=>])/g)
  return [...names].some(([, name]) => name !== undefined && returnOf(name).test(text))
}

/** The variable itself, or a choice with it: no member of it, and no call that gets it. */
function returnOf(name: string): RegExp {
  const escaped = name.replace(/[$]/g, '\\$&')
  return new RegExp(
    `\\breturn\\b[\\s(]*(?:[^;{}(,]{0,100}?[^\\w$.;{}(,])?${escaped}(?![\\w$]|\\s*(?:\\?\\.|[.([]))`,
  )
}
