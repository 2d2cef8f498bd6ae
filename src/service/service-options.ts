import { InvalidOptionError } from '../core/errors'
import {
  checkOptions,
  isBoolean,
  isCount,
  isDurationMs,
  isObject,
  isRecord,
  nearestName,
} from '../core/options'
import { checkConnectionSource, type ConnectionSource } from '../pool/connection-target'
import { resolvePoolOptions, type ResolvedPoolOptions } from '../pool/pool-options'
import type { PoolStrategy } from '../pool/pool-strategy'
import type { DatabaseOptions, PurposeOptions, ServiceOptions } from './connection-service'

/** The purpose of whoever names none. */
export const defaultPurpose = 'general'

export interface ResolvedDatabase {
  readonly name: string
  readonly connection: ConnectionSource | undefined
  readonly strategy: 'simple' | 'mock' | PoolStrategy
  readonly pool: ResolvedPoolOptions
}

export interface ResolvedPurpose {
  readonly name: string
  /** Infinite without a limit of its own. */
  readonly max: number
  readonly readOnly: boolean
  readonly acquireTimeoutMs: number | undefined
}

export interface ResolvedServiceOptions {
  /** In the order given; the first is the default. */
  readonly databases: ReadonlyMap<string, ResolvedDatabase>
  readonly purposes: ReadonlyMap<string, ResolvedPurpose>
}

/** @throws InvalidOptionError for what is unknown, wrong or contradictory */
export function resolveServiceOptions(options: ServiceOptions): ResolvedServiceOptions {
  checkOptions('', options, { databases: isObject, purposes: isObject, budget: isObject })
  if (!isRecord(options.databases)) {
    throw new InvalidOptionError(
      'databases',
      options.databases,
      'options of one database, or of several by name',
    )
  }
  const databases = resolveDatabases(options.databases)
  checkBudget(options.budget, [...databases.values()])
  return Object.freeze({ databases, purposes: resolvePurposes(options.purposes ?? {}) })
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
  const nearest = nearestName(name, names)
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

/** One database has a `connection` or a `strategy`; several are named, and each is an object with one of these. */
function isSingleDatabase(databases: Record<string, unknown>): boolean {
  return ['connection', 'strategy'].some((key) => {
    const value = databases[key]
    return value !== undefined && !(isRecord(value) && ('connection' in value || 'strategy' in value))
  })
}

function resolveDatabase(name: string, prefix: string, value: unknown): ResolvedDatabase {
  checkOptions(prefix, value, {
    connection: () => true,
    strategy: (strategy) =>
      strategy === 'simple' ||
      strategy === 'mock' ||
      isStrategy(strategy) ||
      "'simple', 'mock' or a PoolStrategy",
    pool: isObject,
  })
  const { connection, strategy = 'simple', pool } = value as DatabaseOptions
  if (connection !== undefined) checkConnectionSource(`${prefix}.connection`, connection)
  if (connection === undefined && strategy === 'simple') {
    throw new InvalidOptionError(
      `${prefix}.connection`,
      connection,
      'a URL, a pg config object, or a function',
    )
  }
  return Object.freeze({ name, connection, strategy, pool: resolvePoolOptions(pool, `${prefix}.pool`) })
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
      })
      const { max = Infinity, readOnly = false, acquireTimeoutMs } = options
      return [name, Object.freeze({ name, max, readOnly, acquireTimeoutMs })]
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
