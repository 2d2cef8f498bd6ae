import { InvalidOptionError } from '../../core/errors'
import { isShare } from '../../core/options'

/** What a source says at one moment, before it becomes a snapshot. */
export interface FlagValues {
  /** The master switch; left out when the source has none. */
  readonly enabled?: boolean | undefined
  /** Share of units on the service side by component, 0 to 1. */
  readonly shares?: Readonly<Record<string, number>> | undefined
  /** Share of units to shadow by component, 0 to 1. */
  readonly shadows?: Readonly<Record<string, number>> | undefined
}

const stepsPerUnit = 10_000

/**
 * A share as snapshots hold it: 0 to 1, rounded to 1/10000.
 *
 * @throws InvalidOptionError naming `option` when `value` is no number from 0 to 1.
 */
export function toShare(option: string, value: unknown): number {
  const verdict = isShare(value)
  if (verdict !== true) throw new InvalidOptionError(option, value, verdict)
  return Math.round((value as number) * stepsPerUnit) / stepsPerUnit
}

/**
 * Checks and rounds each share of a table. The result is frozen and has no prototype, so that a component called
 * `constructor` is not found by accident.
 *
 * @throws InvalidOptionError naming the entry as `option.component`.
 */
export function toShares(
  option: string,
  table: Readonly<Record<string, unknown>>,
): Readonly<Record<string, number>> {
  const shares = Object.create(null) as Record<string, number>
  for (const [component, value] of Object.entries(table)) {
    if (component === '')
      throw new InvalidOptionError(option, component, 'a component name that is not empty')
    shares[component] = toShare(`${option}.${component}`, value)
  }
  return Object.freeze(shares)
}

/** Whether two tables hold the same shares, in whatever order. */
export function isSameTable(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): boolean {
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  )
}
