import { InvalidOptionError } from './errors'

/** What a value must be; returns the reason when it is not. */
export type OptionRule = (value: unknown) => true | string

export const isString: OptionRule = (value) =>
  (typeof value === 'string' && value !== '') || 'a non-empty string'
export const isBoolean: OptionRule = (value) => typeof value === 'boolean' || 'true or false'
export const isFunction: OptionRule = (value) => typeof value === 'function' || 'a function'
export const isObject: OptionRule = (value) => isRecord(value) || 'an object'

/** A whole number of at least `min`. */
export const isCount =
  (min: number): OptionRule =>
  (value) =>
    (Number.isInteger(value) && (value as number) >= min) || `a whole number of at least ${String(min)}`

/** A duration in milliseconds, `min` or more. */
export const isDurationMs =
  (min = 0): OptionRule =>
  (value) =>
    (typeof value === 'number' && Number.isFinite(value) && value >= min) ||
    `a duration in milliseconds of at least ${String(min)}`

/** A number from 0 to 1. */
export const isShare: OptionRule = (value) =>
  (typeof value === 'number' && value >= 0 && value <= 1) || 'a share from 0 to 1'

export const isOneOf =
  (...values: readonly string[]): OptionRule =>
  (value) =>
    (typeof value === 'string' && values.includes(value)) ||
    `one of ${values.map((v) => `'${v}'`).join(', ')}`

/**
 * Checks `options` against `rules`: an unknown key is refused with the nearest known name, a bad value with what was
 * expected. A value of `undefined` counts as left out.
 *
 * @throws InvalidOptionError naming option (`prefix.key`), received and expected value.
 */
export function checkOptions(
  prefix: string,
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
): void {
  if (!isRecord(options)) throw new InvalidOptionError(prefix, options, 'an object')
  for (const [key, value] of Object.entries(options)) {
    const name = prefix === '' ? key : `${prefix}.${key}`
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
    if (rule === undefined)
      throw new InvalidOptionError(name, value, unknownKeyAdvice(key, Object.keys(rules)))
    if (value === undefined) continue
    const verdict = rule(value)
    if (verdict !== true) throw new InvalidOptionError(name, value, verdict)
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unknownKeyAdvice(key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known)
  const hint = nearest === undefined ? '' : ` (did you mean '${nearest}'?)`
  return `no such option${hint}; known: ${known.join(', ')}`
}

/** The known name most like `name`, when one is close enough to be a slip of the pen. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (best === undefined || distance < best.distance) best = { candidate, distance }
  }
  return best !== undefined && best.distance <= Math.max(2, Math.floor(name.length / 3))
    ? best.candidate
    : undefined
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
