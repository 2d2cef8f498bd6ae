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

/** `return pool.connect()`, `() => pool.connect()`, or a variable that is given one and returned. */
function returnedCall(words: readonly string[]): (text: string) => boolean {
  const names = words.map((word) => word.replace(/[$]/g, '\\$&')).join('|')
  const direct = new RegExp(
    `(?:return|=>)\\s*(?:await\\s)?[^;{}\\n]{0,200}?\\b(?:${names})\\s*(?:<[^>]*>)?\\(`,
  )
  // Begun at the beginning of a word only: a source map inside a file is one word of a million characters.
  const assigned = new RegExp(
    `(?<![\\w$])([\\w$]+)(?:\\s*:[^=\\n]{1,300})?\\s*=[^;=\\n]{0,200}?\\b(?:${names})\\s*(?:<[^>]*>)?\\(`,
    'g',
  )
  return (text) =>
    direct.test(text) ||
    [...text.matchAll(assigned)].some(
      ([, name]) =>
        name !== undefined && new RegExp(`return\\s+${name.replace(/[$]/g, '\\$&')}\\b`).test(text),
    )
}
