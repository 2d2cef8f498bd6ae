import { InvalidOptionError } from '../core/errors'
import {
  checkOptions,
  isBoolean,
  isCount,
  isDurationMs,
  isFunction,
  isObject,
  isOneOf,
  isRecord,
  isString,
  nearestName,
  type OptionRule,
} from '../core/options'
import { checkConnectionSource, type ConnectionSource } from '../pool/connection-target'
import { resilientOnly, resolvePoolOptions, type ResolvedPoolOptions } from '../pool/pool-options'
import type { HostTarget, PoolStrategy } from '../pool/pool-strategy'
import type { DatabaseOptions, PurposeOptions, ServiceOptions } from './connection-service'

/** The purpose of whoever names none. */
export const defaultPurpose = 'general'

/** What a borrower may ask of the hosts. */
const hostTargets: readonly HostTarget[] = ['primary', 'standby', 'prefer-standby', 'any']

/** Of a database that names none. */
const defaultStrategy = 'resilient'

const isPort: OptionRule = (value) =>
  (Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536) || 'a port from 1 to 65535'

export interface ResolvedDatabase {
  readonly name: string
  readonly connection: ConnectionSource | undefined
  readonly hosts: DatabaseOptions['hosts']
  readonly onConnect: DatabaseOptions['onConnect']
  readonly strategy: 'simple' | 'resilient' | 'mock' | PoolStrategy
  readonly pool: ResolvedPoolOptions
}

export interface ResolvedPurpose {
  readonly name: string
  /** Infinite without a limit of its own. */
  readonly max: number
  readonly readOnly: boolean
  readonly acquireTimeoutMs: number | undefined
  readonly target: HostTarget | undefined
}

export interface ResolvedServiceOptions {
  /** In the order given; the first is the default. */
  readonly databases: ReadonlyMap<string, ResolvedDatabase>
  readonly purposes: ReadonlyMap<string, ResolvedPurpose>
  /** Connections of all databases together; infinite without a budget. */
  readonly maxConnections: number
  readonly detectNestedAcquire: boolean
}

/** @throws InvalidOptionError for what is unknown, wrong or contradictory */
export function resolveServiceOptions(options: ServiceOptions): ResolvedServiceOptions {
  if (!isRecord(options)) throw new InvalidOptionError('options', options, 'an object with `databases`')
  checkOptions('', options, {
    databases: isObject,
    purposes: isObject,
    budget: isObject,
    detectNestedAcquire: isBoolean,
  })
  if (!isRecord(options.databases)) {
    throw new InvalidOptionError(
      'databases',
      options.databases,
      'options of one database, or of several by name',
    )
  }
  const databases = resolveDatabases(options.databases)
  checkBudget(options.budget, [...databases.values()])
  return Object.freeze({
    databases,
    purposes: resolvePurposes(options.purposes ?? {}),
    maxConnections: options.budget?.maxConnections ?? Infinity,
    detectNestedAcquire: options.detectNestedAcquire ?? true,
  })
}

/** Looks up what a caller named. @throws InvalidOptionError with the nearest known name */
export function requireKnown<T>(
  kind: 'purpose' | 'database',
  name: string,
  known: ReadonlyMap<string, T>,
): T {
  const found = known.get(name)
  if (found !== undefined) return found
  const names = [...known.keys()]
  // From JavaScript, anything may stand in the place of a name.
  const nearest = typeof (name as unknown) === 'string' ? nearestName(name, names) : undefined
  const hint = nearest === undefined ? '' : ` (did you mean '${nearest}'?)`
  throw new InvalidOptionError(
    kind,
    name,
    `the name of a configured ${kind}${hint}; known: ${names.join(', ')}`,
  )
}

function resolveDatabases(databases: Record<string, unknown>): ReadonlyMap<string, ResolvedDatabase> {
  if (isSingleDatabase(databases))
    return new Map([['default', resolveDatabase('default', 'databases', databases)]])
  const names = Object.keys(databases)
  if (names.length === 0) throw new InvalidOptionError('databases', databases, 'at least one database')
  return new Map(names.map((name) => [name, resolveDatabase(name, `databases.${name}`, databases[name])]))
}

/**
 * One database has a `connection` or a `strategy`, though it may be `undefined` by mistake; several are named, and each is an
 * object with one of these.
 */
function isSingleDatabase(databases: Record<string, unknown>): boolean {
  return ['connection', 'strategy'].some((key) => {
    const value = databases[key]
    return (
      Object.hasOwn(databases, key) && !(isRecord(value) && ('connection' in value || 'strategy' in value))
    )
  })
}

function resolveDatabase(name: string, prefix: string, value: unknown): ResolvedDatabase {
  checkOptions(prefix, value, {
    connection: () => true,
    strategy: (strategy) =>
      strategy === 'simple' ||
      strategy === 'resilient' ||
      strategy === 'mock' ||
      isStrategy(strategy) ||
      "'simple', 'resilient', 'mock' or a PoolStrategy",
    hosts: (hosts) =>
      (Array.isArray(hosts) && hosts.length > 0) || 'a list of { host, port } with at least one entry',
    onConnect: isFunction,
    pool: isObject,
  })
  const { connection, hosts, onConnect, strategy = defaultStrategy, pool } = value as DatabaseOptions
  if (connection !== undefined) checkConnectionSource(`${prefix}.connection`, connection)
  if (connection === undefined && (strategy === 'simple' || strategy === 'resilient')) {
    throw new InvalidOptionError(
      `${prefix}.connection`,
      connection,
      'a URL, a pg config object, or a function',
    )
  }
  if (strategy !== 'resilient') refuseResilientOptions(prefix, value as DatabaseOptions)
  return Object.freeze({
    name,
    connection,
    hosts: resolveHosts(prefix, hosts),
    onConnect,
    strategy,
    pool: resolvePoolOptions(pool, `${prefix}.pool`),
  })
}

function resolveHosts(prefix: string, hosts: DatabaseOptions['hosts']): DatabaseOptions['hosts'] {
  hosts?.forEach((host: unknown, index) => {
    const name = `${prefix}.hosts[${String(index)}]`
    checkOptions(name, host, { host: isString, port: isPort })
    if ((host as { host?: string }).host === undefined)
      throw new InvalidOptionError(`${name}.host`, undefined, 'a host name')
  })
  return hosts?.map((host) => Object.freeze({ ...host }))
}

/** What would have no effect is refused: who sets it expects one. */
function refuseResilientOptions(
  prefix: string,
  { strategy, hosts, onConnect, pool = {} }: DatabaseOptions,
): void {
  const only = `nothing with strategy '${typeof strategy === 'string' ? strategy : 'of your own'}': only 'resilient' knows it`
  if (hosts !== undefined) throw new InvalidOptionError(`${prefix}.hosts`, hosts, only)
  if (onConnect !== undefined) throw new InvalidOptionError(`${prefix}.onConnect`, onConnect, only)
  for (const key of resilientOnly) {
    if (pool[key] !== undefined) throw new InvalidOptionError(`${prefix}.pool.${key}`, pool[key], only)
  }
}

function isStrategy(value: unknown): value is PoolStrategy {
  return isRecord(value) && typeof value['acquire'] === 'function' && typeof value['release'] === 'function'
}

function checkBudget(budget: unknown, databases: readonly ResolvedDatabase[]): void {
  if (budget === undefined) return
  checkOptions('budget', budget, { maxConnections: isCount(1) })
  const { maxConnections } = budget as { maxConnections?: number }
  const sizes = databases.map(({ strategy, pool }) =>
    typeof strategy === 'string' ? pool.max : strategy.stats().max,
  )
  const sum = sizes.reduce((total, size) => total + size, 0)
  if (maxConnections !== undefined && sum > maxConnections) {
    const terms = databases.map(({ name }, index) => `${name} ${String(sizes[index])}`).join(' + ')
    throw new InvalidOptionError(
      'budget.maxConnections',
      maxConnections,
      `at least the sum of the pools' max, ${terms} = ${String(sum)}`,
    )
  }
}

function resolvePurposes(
  purposes: Readonly<Record<string, PurposeOptions>>,
): ReadonlyMap<string, ResolvedPurpose> {
  const all = Object.entries<PurposeOptions>({ [defaultPurpose]: {}, ...purposes })
  return new Map(
    all.map(([name, options]) => {
      checkOptions(`purposes.${name}`, options, {
        max: isCount(1),
        readOnly: isBoolean,
        acquireTimeoutMs: isDurationMs(1),
        target: isOneOf(...hostTargets),
      })
      const { max = Infinity, readOnly = false, acquireTimeoutMs, target } = options
      return [name, Object.freeze({ name, max, readOnly, acquireTimeoutMs, target })]
    }),
  )
}

/**
 * A NaN or a text would become a timer that fires at once. `Infinity` waits for ever.
 *
 * @throws InvalidOptionError
 */
export function requireDuration(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs >= 0)) return
  throw new InvalidOptionError('timeoutMs', timeoutMs, 'a duration in milliseconds of at least 0')
}

/** @throws InvalidOptionError */
export function requireTarget(target: HostTarget | undefined): void {
  if (target === undefined) return
  const verdict = isOneOf(...hostTargets)(target)
  if (verdict !== true) throw new InvalidOptionError('target', target, verdict)
}
