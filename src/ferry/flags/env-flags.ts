import { systemClock, type Clock } from '../../core/clock'
import { InvalidOptionError } from '../../core/errors'
import { nearestName } from '../../core/options'
import type { FlagSource } from './flag-source'
import { FlagStore } from './flag-store'
import { toShare, type FlagValues } from './flag-values'

/** The variable for everything: master switch, and share of each component without a variable of its own. */
export const envFlagPrefix = 'USE_NEW_CONNECTION_SERVICE'

/** The variable of one component: its name upper-cased, everything but letters and digits as `_`. */
export function envFlagName(component: string): string {
  return `${envFlagPrefix}_${component.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
}

export interface EnvFlagOptions {
  /**
   * The components' names; snapshots are keyed by them. May be left out: whoever builds the ferry tells them by
   * `useComponents`. Until then a variable's name is read back as kebab-case (`..._TEST_SYSTEMS` is `test-systems`).
   */
  readonly components?: readonly string[]
}

/** Flags out of environment variables, read once. */
export interface EnvFlagSource extends FlagSource {
  readonly kind: 'env'
  useComponents(components: readonly string[]): void
}

/**
 * Flags out of environment variables, for a process without a flag server. They are read once, at the call.
 *
 * `USE_NEW_CONNECTION_SERVICE` holds for all: `0` or `false` sends every component to the legacy side whatever else is
 * set, `1`, `true` or a share (`0.25`) is the share of each component without a variable of its own.
 * `USE_NEW_CONNECTION_SERVICE_<COMPONENT>` is one component's: `0`, `1`, `true`, `false` or a share. An empty variable
 * counts as not set.
 *
 * @throws InvalidOptionError naming the variable: a malformed value, a variable of no component, or two components
 * that share one variable.
 * @example
 * const flags = envFlags({ USE_NEW_CONNECTION_SERVICE_TEST_SYSTEMS: '0.1' })
 */
export function envFlags(
  env: Readonly<Record<string, string | undefined>> = process.env,
  options: EnvFlagOptions = {},
  deps: { readonly clock?: Clock } = {},
): EnvFlagSource {
  const clock = deps.clock ?? systemClock
  const readAtMs = clock.wallClockMs()
  const store = new FlagStore(clock)
  const variables = readVariables(env)
  store.publish(toValues(variables, options.components), readAtMs)

  return {
    kind: 'env',
    snapshot: () => store.snapshot(),
    onChange: (listener) => store.onChange(listener),
    health: () => (store.isClosed ? { state: 'closed' } : { state: 'live', lastSuccessAtMs: readAtMs }),
    useComponents: (components) => {
      store.publish(toValues(variables, options.components ?? components), readAtMs)
    },
    close: () => {
      store.close()
      return Promise.resolve()
    },
  }
}

interface Variables {
  readonly master: number | undefined
  /** Shares by full variable name. */
  readonly own: ReadonlyMap<string, number>
}

function readVariables(env: Readonly<Record<string, string | undefined>>): Variables {
  const own = new Map<string, number>()
  let master: number | undefined
  for (const [name, text] of Object.entries(env)) {
    const isOwn = name.startsWith(`${envFlagPrefix}_`)
    if ((!isOwn && name !== envFlagPrefix) || text === undefined || text.trim() === '') continue
    const share = parseShare(name, text.trim())
    if (isOwn) own.set(name, share)
    else master = share
  }
  return { master, own }
}

function parseShare(name: string, text: string): number {
  const word = text.toLowerCase()
  if (word === 'true') return 1
  if (word === 'false') return 0
  const isNumber = /^(\d+(\.\d*)?|\.\d+)$/.test(text)
  if (!isNumber || Number(text) > 1)
    throw new InvalidOptionError(name, text, '0, 1, true, false or a share such as 0.25')
  return toShare(name, Number(text))
}

function toValues({ master, own }: Variables, components: readonly string[] | undefined): FlagValues {
  const names = components === undefined ? guessNames(own) : namesByVariable(components)
  for (const variable of own.keys()) {
    if (!names.has(variable)) throw unknownVariable(variable, [...names.keys()])
  }
  const shares: [string, number][] = []
  for (const [variable, component] of names) {
    const share = own.get(variable) ?? master
    if (share !== undefined) shares.push([component, share])
  }
  return { enabled: master === undefined ? undefined : master > 0, shares: Object.fromEntries(shares) }
}

function guessNames(own: ReadonlyMap<string, number>): ReadonlyMap<string, string> {
  const toName = (variable: string) =>
    variable
      .slice(envFlagPrefix.length + 1)
      .toLowerCase()
      .replaceAll('_', '-')
  return new Map([...own.keys()].map((variable) => [variable, toName(variable)]))
}

function namesByVariable(components: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const component of components) {
    const variable = envFlagName(component)
    const other = names.get(variable)
    if (other !== undefined && other !== component) {
      throw new InvalidOptionError(
        'components',
        component,
        `a name whose variable ${variable} is not '${other}'s too`,
      )
    }
    names.set(variable, component)
  }
  return names
}

function unknownVariable(variable: string, known: readonly string[]): InvalidOptionError {
  const nearest = nearestName(variable, known)
  const hint = nearest === undefined ? '' : ` (did you mean ${nearest}?)`
  return new InvalidOptionError(
    variable,
    'a value',
    `the variable of a component${hint}; known: ${known.join(', ')}`,
  )
}
