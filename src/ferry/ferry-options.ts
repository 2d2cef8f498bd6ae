import type { Clock } from '../core/clock'
import { InvalidOptionError } from '../core/errors'
import type { EventListener } from '../core/events'
import {
  checkOptions,
  isCount,
  isDurationMs,
  isObject,
  isOneOf,
  isRecord,
  isString,
  type OptionRule,
} from '../core/options'
import type { Random } from '../core/random'
import type { DatabaseConnectionService } from '../service/connection-service'
import type { LegacyBackend } from './backend/legacy-backend'
import { stageBounds, type Stage } from './catalog/side'
import type { FlagSource } from './flags/flag-source'
import type { PoolSettings } from './legacy-api/psycopg2-policy'
import { requireKnownName } from './routing/known-name'

/** What {@link createFerry} is made of. */
export interface FerryOptions {
  /** The new side. It stays the caller's: closing the ferry does not close it. */
  readonly service: DatabaseConnectionService
  /** The old side; it stays the caller's as well. */
  readonly legacy: LegacyBackend
  /** Default: {@link fileFlags}, which the ferry then closes itself. */
  readonly flags?: FlagSource
  /** In migration order. */
  readonly components: readonly ComponentOptions[]
  /** Connections of both sides together, at any moment. Without it, each side has its own limit only. */
  readonly budget?: { readonly maxConnections: number }
}

/** One component of the crossing. */
export interface ComponentOptions {
  readonly name: string
  readonly stage: Stage
  /** Purpose of its connections at the service; default `general`. */
  readonly purpose?: string
  /** How its `getconn()` answers. */
  readonly pools?: PoolsOptions
}

/** Settings of a component's `getconn()`; numbers may come as text, as psycopg2 takes them. */
export interface PoolsOptions {
  /** `psycopg2` (default): a caller too many is refused at once. `waiting`: it waits up to `acquireTimeoutMs`. */
  readonly parity?: 'psycopg2' | 'waiting'
  /** As in psycopg2; default 0. It decides who is refused, not how many idle connections are kept. */
  readonly minconn?: number | string
  /** As in psycopg2; default the legacy backend's limit, else that of the service's first database. */
  readonly maxconn?: number | string
  /** Milliseconds; default: as long as the side lets a caller wait. */
  readonly acquireTimeoutMs?: number
}

/** What a ferry takes from outside; each has the system's own as default. */
export interface FerryDeps {
  readonly clock?: Clock
  readonly random?: Random
  readonly events?: EventListener
}

/** A component with its defaults filled in. */
export interface ResolvedComponent {
  readonly name: string
  readonly stage: Stage
  readonly purpose: string
  readonly pools: PoolSettings
}

const hasMethods =
  (what: string, ...names: readonly string[]): OptionRule =>
  (value) =>
    (isRecord(value) && names.every((name) => typeof value[name] === 'function')) ||
    `${what} (an object with ${names.map((name) => `${name}()`).join(', ')})`

const ferryRules: Readonly<Record<string, OptionRule>> = {
  service: hasMethods('a DatabaseConnectionService', 'acquireConnection', 'releaseConnection', 'stats'),
  legacy: hasMethods(
    'a LegacyBackend, made by fromPgPool, fromGetconn, fromContextManager or fromDelegate',
    'acquire',
  ),
  flags: hasMethods('a FlagSource', 'snapshot', 'onChange', 'health'),
  components: (value) => (Array.isArray(value) && value.length > 0) || 'a list of at least one component',
  budget: isObject,
}

/** As int() of Python: a whole number, or text that spells one. */
const isConnectionLimit: OptionRule = (value) =>
  (typeof value === 'string' ? /^\s*\+?\d+\s*$/.test(value) : isCount(0)(value) === true) ||
  'a whole number of at least 0'

const componentRules: Readonly<Record<string, OptionRule>> = {
  name: isString,
  stage: isOneOf(...Object.keys(stageBounds)),
  purpose: isString,
  pools: isObject,
}

const poolsRules: Readonly<Record<string, OptionRule>> = {
  parity: isOneOf('psycopg2', 'waiting'),
  minconn: isConnectionLimit,
  maxconn: isConnectionLimit,
  acquireTimeoutMs: isDurationMs(1),
}

/**
 * Checks the options and fills in the defaults of the components.
 *
 * @throws InvalidOptionError naming option, received and expected value
 */
export function resolveComponents(options: FerryOptions): readonly ResolvedComponent[] {
  checkOptions('ferry', options, ferryRules)
  for (const required of ['service', 'legacy', 'components'] as const) {
    const value: unknown = options[required]
    if (value === undefined)
      throw new InvalidOptionError(`ferry.${required}`, value, 'a value; it has no default')
  }
  if (options.budget !== undefined) {
    checkOptions('ferry.budget', options.budget, { maxConnections: isCount(1) })
    requireGiven('ferry.budget.maxConnections', options.budget.maxConnections)
  }
  const names = new Set<string>()
  return Object.freeze(
    options.components.map((component, index) => {
      const resolved = resolveComponent(component, `components[${index}]`, options)
      if (names.has(resolved.name)) {
        throw new InvalidOptionError(
          `components[${index}].name`,
          resolved.name,
          'a name that no other component has',
        )
      }
      names.add(resolved.name)
      return resolved
    }),
  )
}

function resolveComponent(
  component: ComponentOptions,
  prefix: string,
  options: FerryOptions,
): ResolvedComponent {
  checkOptions(prefix, component, componentRules)
  requireGiven(`${prefix}.name`, component.name)
  requireGiven(`${prefix}.stage`, component.stage)
  const { name, stage, purpose = 'general', pools = {} } = component
  const purposes = Object.keys(options.service.stats().purposes)
  requireKnownName(`${prefix}.purpose`, 'purpose of the service', purpose, purposes)
  return Object.freeze({ name, stage, purpose, pools: resolvePools(pools, `${prefix}.pools`, options) })
}

function resolvePools(pools: PoolsOptions, prefix: string, options: FerryOptions): PoolSettings {
  checkOptions(prefix, pools, poolsRules)
  const { parity = 'psycopg2', minconn, maxconn, acquireTimeoutMs } = pools
  if (parity === 'waiting') {
    for (const [option, value] of Object.entries({ minconn, maxconn })) {
      if (value === undefined) continue
      throw new InvalidOptionError(
        `${prefix}.${option}`,
        value,
        `nothing: with parity 'waiting' the side's own limit holds`,
      )
    }
    return { limits: undefined, acquireTimeoutMs }
  }
  return {
    limits: { minconn: Number(minconn ?? 0), maxconn: Number(maxconn ?? defaultMaxconn(options)) },
    acquireTimeoutMs,
  }
}

/** One number for both sides: who is refused must not depend on a flag. */
export function defaultMaxconn({ legacy, service }: FerryOptions): number {
  return legacy.maxConnections ?? Object.values(service.stats().databases)[0]?.max ?? Infinity
}

function requireGiven(option: string, value: unknown): void {
  if (value === undefined) throw new InvalidOptionError(option, value, 'a value; it has no default')
}
