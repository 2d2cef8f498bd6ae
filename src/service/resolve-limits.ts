import { InvalidOptionError } from '../core/errors'
import { checkOptions, isCount, isObject } from '../core/options'
import type { PoolLimits } from '../pool/pool-strategy'
import type { ServiceDatabase } from './service-database'

/**
 * Which pools `resize()` changes, and to what; checked as a whole before any is changed.
 *
 * @throws InvalidOptionError
 */
export function resolveLimits(
  limits: PoolLimits | Readonly<Record<string, PoolLimits>>,
  databases: ReadonlyMap<string, ServiceDatabase>,
  maxConnections: number,
): ReadonlyMap<ServiceDatabase, PoolLimits> {
  const names = [...databases.keys()]
  const named = isForOne(limits) ? { [names[0] ?? 'default']: limits } : limits
  checkOptions('resize', named, Object.fromEntries(names.map((name) => [name, isObject])))
  const resolved = new Map<ServiceDatabase, PoolLimits>()
  for (const [name, change] of Object.entries(named)) {
    const database = databases.get(name)
    if (database === undefined) continue
    checkLimits(isForOne(limits) ? 'resize' : `resize.${name}`, change)
    resolved.set(database, change)
  }
  checkSum(resolved, databases, maxConnections)
  return resolved
}

/** Limits are numbers; limits by name are objects. */
function isForOne(limits: object): limits is PoolLimits {
  return Object.values(limits).some((value) => typeof value !== 'object')
}

function checkLimits(prefix: string, limits: PoolLimits): void {
  checkOptions(prefix, limits, { max: isCount(1), min: isCount(0) })
  const { max = Infinity, min = 0 } = limits
  if (min > max) throw new InvalidOptionError(`${prefix}.min`, min, `at most ${prefix}.max (${String(max)})`)
}

function checkSum(
  changes: ReadonlyMap<ServiceDatabase, PoolLimits>,
  databases: ReadonlyMap<string, ServiceDatabase>,
  maxConnections: number,
): void {
  const sizes = [...databases.values()].map(
    (database) => changes.get(database)?.max ?? database.strategy.stats().max,
  )
  const sum = sizes.reduce((total, size) => total + size, 0)
  if (sum <= maxConnections) return
  throw new InvalidOptionError(
    'resize',
    sum,
    `limits whose max stay within budget.maxConnections (${String(maxConnections)}) together`,
  )
}
