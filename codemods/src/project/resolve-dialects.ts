import type { Dialect, ReleaseRule, ReleasingFunction } from '../model/dialect'
import type { DialectConfig, PgferryConfig } from './define-config'

/** The dialects that a configuration names, built in or its own; all built-in ones when it names none. */
export function resolveDialects(
  declared: PgferryConfig['dialects'],
  builtin: readonly Dialect[],
): readonly Dialect[] {
  if (declared === undefined) return builtin
  const own = declared.filter((entry) => typeof entry !== 'string')
  const releasing = own.flatMap(releasingOf)
  const named = declared.some((entry) => typeof entry === 'string' || !isOfFunctionsAlone(entry))
  const resolved = declared.flatMap((entry) => {
    if (typeof entry === 'string') return builtin.filter(({ id }) => id === entry)
    return isOfFunctionsAlone(entry) ? [] : [toDialect(entry)]
  })
  const all = named ? resolved : builtin
  return releasing.length === 0 ? all : all.map((dialect) => ({ ...dialect, releasing }))
}

/** Nothing but functions that release: it says more of the other dialects' connections, and is none itself. */
export function isOfFunctionsAlone({ acquire, release = [], scoped }: DialectConfig): boolean {
  const hasCalls = (acquire?.length ?? 0) + (scoped?.length ?? 0) > 0
  return !hasCalls && release.length > 0 && release.every(({ on }) => on === 'function')
}

function toDialect(entry: DialectConfig): Dialect {
  const { receiver = {}, acquire = [], release = [], scoped = [], ...rest } = entry
  const rules = release.filter((rule): rule is ReleaseRule => rule.on !== 'function')
  return { ...rest, receiver, acquire, release: rules, scoped }
}

function releasingOf({ release = [] }: DialectConfig): readonly ReleasingFunction[] {
  return release.flatMap((rule) => {
    if (rule.on !== 'function') return []
    const { on: _on, ...described } = rule
    return [described]
  })
}
