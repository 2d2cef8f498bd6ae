import type { Dialect } from '../model/dialect'
import { connectionService } from './connection-service'

/**
 * The words of which every file with a site contains at least one, as a substring: the methods that take a connection, in
 * the given dialects and in the service itself (sites that were rewritten before are reported too), and those that give it back where
 * the one that takes it may have any name.
 */
export function dialectWords(dialects: readonly Dialect[]): readonly string[] {
  const words = [...dialects, connectionService].flatMap((dialect) => [
    ...dialect.acquire.map((rule) => rule.method),
    ...dialect.scoped.map((rule) => rule.method),
    // A method that is declared to give such a handle may have any name: its release has not.
    ...(dialect.handle?.types === undefined ? [] : releasesOf(dialect)),
  ])
  return [...new Set(words)].sort()
}

function releasesOf({ release }: Dialect): readonly string[] {
  return release.flatMap((rule) => (rule.on === 'connection' && rule.isDiscard !== true ? [rule.method] : []))
}
