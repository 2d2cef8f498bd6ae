import type { Dialect } from '../model/dialect'
import type { PgferryConfig } from './define-config'

/** The dialects that a configuration names, built in or its own; all built-in ones when it names none. */
export function resolveDialects(
  declared: PgferryConfig['dialects'],
  builtin: readonly Dialect[],
): readonly Dialect[] {
  if (declared === undefined) return builtin
  return declared.flatMap((entry) =>
    typeof entry === 'string'
      ? builtin.filter(({ id }) => id === entry)
      : [
          {
            ...entry,
            acquire: entry.acquire ?? [],
            release: entry.release ?? [],
            scoped: entry.scoped ?? [],
          },
        ],
  )
}
