import type { Dialect } from '../model/dialect'
import { connectionService } from './connection-service'

/**
 * The words of which every file with a site contains at least one, as a substring: the methods that take a connection, in
 * the given dialects and in the service itself (sites that were rewritten before are reported too).
 */
export function dialectWords(dialects: readonly Dialect[]): readonly string[] {
  const words = [...dialects, connectionService].flatMap((dialect) => [
    ...dialect.acquire.map((rule) => rule.method),
    ...dialect.scoped.map((rule) => rule.method),
  ])
  return [...new Set(words)].sort()
}
