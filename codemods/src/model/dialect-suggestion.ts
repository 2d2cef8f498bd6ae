/** Calls that look like connections taken by hand, of an API that no dialect knows. */
export interface DialectSuggestion {
  /** The receiver as it is written, such as `infra`; empty for a function by its bare name. */
  readonly receiver: string
  readonly method: string
  /** How the handle is given back. */
  readonly release: string
  /** Of the first such call, relative to the root. */
  readonly file: string
  readonly line: number
  readonly count: number
}

/** One entry for each method and release, the most frequent first. */
export function mergeSuggestions(all: readonly DialectSuggestion[]): readonly DialectSuggestion[] {
  const merged = new Map<string, DialectSuggestion>()
  for (const one of all) {
    const key = `${one.method}/${one.release}`
    const known = merged.get(key)
    merged.set(key, known === undefined ? one : { ...known, count: known.count + one.count })
  }
  return [...merged.values()].sort((a, b) => b.count - a.count)
}

/** The dialect in one line, as it would stand in a configuration. */
export function suggestedDialect({ method, release }: DialectSuggestion): string {
  const id = method.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return `{ id: '${id}', receiver: { members: ['${method}'] }, acquire: [{ method: '${method}' }], release: [{ on: 'connection', method: '${release}' }], evidence: [{ uses: ['${release}'] }] }`
}
